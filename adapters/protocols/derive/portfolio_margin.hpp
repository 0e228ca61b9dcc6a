// The portfolio managers' margin (PMRM and PMRM 2): the worst of a list of scenarios, and contingencies.
#pragma once

#include "adapters/protocols/derive/book.hpp"
#include "risk/model/result.hpp"

#include <vector>

namespace margind::adapters::protocols::derive {

/// What is computed once per expiry.
struct PortfolioExpiry {
    std::uint64_t seconds = 0;
    /// Version 1: 1.
    I256 discount;
    I256 mtm;
    I256 basis_up_mtm;
    I256 basis_down_mtm;
    I256 vol_up;
    I256 vol_down;
    /// Factor on a shocked value that is positive, and on one that is negative.
    I256 discount_long;
    I256 discount_short;
    /// Shorts that no long of the same strike covers.
    I256 naked_shorts;
    /// Not positive.
    I256 basis_contingency;
    I256 confidence;
};

/// Positive amounts that the margin is reduced by.
struct Contingencies {
    I256 perp;
    I256 options;
    /// Version 1: of the base token.
    I256 collateral;
    /// Of low confidence; 0 in the maintenance margin.
    I256 confidence;
    I256 sum;
};

struct PortfolioMargin {
    std::vector<PortfolioExpiry> expiries;
    I256 options_mtm;
    I256 perp_unsettled;
    I256 collateral_value;
    I256 cash;
    /// What all is worth, cash included: N of the account.
    I256 mtm;
    /// Change of value in each scenario, in the book's order.
    std::vector<I256> scenario_pnl;
    I256 basis_contingency;
    /// Index of the worst scenario; their number where the basis contingency is worse than all.
    std::size_t worst_scenario = 0;
    I256 worst_loss;
    I256 maintenance_factor;
    I256 initial_factor;
    Contingencies maintenance_contingency;
    /// Version 2: beside the maintenance contingency. Version 1: what only the initial margin has.
    Contingencies initial_contingency;
    /// What getMargin() gives: liquidatable where negative.
    I256 maintenance;
    I256 initial;
};

/// \pre book.manager is a portfolio manager and book.markets has one row. Fails where the contract would revert.
model::Result<PortfolioMargin> portfolio_margin(const Book& book);

}  // namespace margind::adapters::protocols::derive
