// What one liquidation call may take of a user at a state.
#pragma once

#include "adapters/protocols/aave_v3/book.hpp"

#include <optional>
#include <vector>

namespace margind::adapters::protocols::aave_v3 {

/// The user's sums at the state. \pre debt is not 0
struct Health {
    model::U256 collateral;
    model::U256 debt;
    model::U256 factor;
};

struct Closing {
    /// Of all debt.
    std::uint32_t close_factor_bps = 0;
    std::uint32_t penalty_bps = 0;
    /// Base currency, rounded up; more than the equity where there is little.
    model::U256 penalty;
};

/// 3.0: the close factor of all debt against the collateral of the largest value. 3.6: the call for the largest debt against
/// the largest collateral, among reserves in which the pool liquidates at that time; where there are none, among all. Empty
/// where the pool would revert on arithmetic.
std::optional<Closing> largest_closing(const Book& book, const std::vector<Balance>& balances, const model::State& state,
                                       const Health& health);

/// One liquidationCall of a 3.6 pool, in token units.
struct Call36 {
    /// Places in Book::reserves.
    std::size_t collateral = 0;
    std::size_t debt = 0;
    model::U256 covered;
    /// What the liquidator gets, and the treasury.
    model::U256 seized;
    model::U256 protocol_fee;
    /// The pool refuses it: it would leave less than 1,000 in the base currency of the debt or of the collateral.
    bool leaves_dust = false;
};

/// The call in those two reserves that covers as much as the pool allows; empty where arithmetic reverts.
std::optional<Call36> largest_call_36(const Book& book, const std::vector<Balance>& balances, const model::State& state,
                                      const Health& health, std::size_t collateral, std::size_t debt);

}  // namespace margind::adapters::protocols::aave_v3
