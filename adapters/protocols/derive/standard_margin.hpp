// The Standard Manager's margin: each market and expiry by itself, cash over all.
#pragma once

#include "adapters/protocols/derive/book.hpp"
#include "risk/model/result.hpp"

#include <vector>

namespace margind::adapters::protocols::derive {

/// A figure of the maintenance and of the initial margin. Requirements are negative, what counts towards margin positive.
struct Pair {
    I256 maintenance;
    I256 initial;
};

struct StandardOption {
    I256 mtm;
    Pair isolated;
};

struct StandardExpiry {
    I256 forward;
    I256 mtm;
    /// Sum over the options: 0 for long ones.
    Pair isolated;
    /// Worst payoff at 0 and at each strike, and for calls that nothing covers a share of the forward.
    Pair max_loss;
    /// Initial margin only, at most 0.
    I256 confidence_penalty;
    std::vector<StandardOption> options;
    /// The better of the two.
    Pair taken() const { return {std::max(isolated.maintenance, max_loss.maintenance), std::max(isolated.initial, max_loss.initial)}; }
};

struct StandardMarket {
    Pair perp;
    I256 perp_confidence_penalty;
    I256 perp_unsettled;
    Pair base;
    I256 base_mtm;
    I256 base_confidence_penalty;
    I256 depeg_penalty;
    std::vector<StandardExpiry> expiries;
    I256 mtm;
    Pair margin;
};

struct StandardMargin {
    /// In the order of the book.
    std::vector<StandardMarket> markets;
    I256 cash;
    /// What all is worth: N of the account.
    I256 mtm;
    /// What getMargin() gives: liquidatable where the maintenance one is negative.
    Pair margin;
};

/// Fails where the contract would revert: an overflow, no forward price.
model::Result<StandardMargin> standard_margin(const Book& book);

}  // namespace margind::adapters::protocols::derive
