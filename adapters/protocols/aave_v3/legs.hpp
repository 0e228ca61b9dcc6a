// What counts of a user's balances at one time, and what it is worth at given prices: the pool's sums, exact.
#pragma once

#include "adapters/protocols/aave_v3/book.hpp"
#include "adapters/protocols/aave_v3/math.hpp"

#include <optional>
#include <vector>

namespace margind::adapters::protocols::aave_v3 {

/// One reserve that the user has as collateral or owes.
struct Leg {
    std::size_t input = 0;
    model::U256 unit;
    bool collateral = false;
    bool borrowing = false;
    std::uint32_t liquidation_threshold = 0;
    std::uint32_t ltv = 0;
    model::U256 supply;
    model::U256 owed;
    /// Of Book::inputs, and the values there: most states differ from the present one in few prices.
    model::U256 price;
    Maybe supply_value;
    Maybe owed_value;
};

/// In the order of the reserves.
model::Result<std::vector<Leg>> legs_of(const Book& book, const std::vector<Balance>& balances);

struct Sums {
    model::U256 collateral;
    model::U256 debt;
    /// Sums of value times basis points.
    model::U256 weighted_threshold;
    model::U256 weighted_ltv;
};

/// Empty where one does not fit. \pre a price for each input
std::optional<Sums> sums_at(Line line, const std::vector<Leg>& legs, const std::vector<model::U256>& prices);

/// Whether the pool lets the account be liquidated; empty where the sums are so large that another figure of the account
/// may not fit (then ask for all of them).
std::optional<bool> liquidatable_at(Line line, const std::vector<Leg>& legs, const std::vector<model::U256>& prices);

/// What is certain between two states, as of PreparedAccount::between(): every sum grows with every price. Money without
/// decimals and unit.
std::optional<model::Enclosure> enclosure_of(Line line, const std::vector<Leg>& legs, const std::vector<model::U256>& low,
                                             const std::vector<model::U256>& high);

}  // namespace margind::adapters::protocols::aave_v3
