// The health rule of Aave V3 pools, 3.0.x and 3.6, exact to the last unit.
#pragma once

#include "risk/model/venue_rule.hpp"

#include <array>
#include <string_view>

namespace margind::adapters::protocols::aave_v3 {

/// The six values of getUserAccountData in the pool's order, as NativeFigures are named.
inline constexpr std::array<std::string_view, 6> view_names{
    "totalCollateralBase", "totalDebtBase", "availableBorrowsBase", "currentLiquidationThreshold", "ltv", "healthFactor"};

/// The figures of the six words that the pool returns. A health factor of 2^256 - 1 (no debt) becomes 2^255 - 1, the
/// largest figure there is; so does every word above it.
std::vector<model::NativeFigure> native_figures(const std::array<model::U256, 6>& words, std::uint8_t base_decimals);

/// Lives as long as the program.
const model::VenueRule& rule();

}  // namespace margind::adapters::protocols::aave_v3
