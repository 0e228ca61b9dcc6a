// The health rule of Compound III comets, exact to the last unit.
#pragma once

#include "risk/model/venue_rule.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace margind::adapters::protocols::compound_v3 {

/// The comet's views of an account, as NativeFigures are named: two amounts of base tokens, two of 0 or 1.
inline constexpr std::array<std::string_view, 4> view_names{"balanceOf", "borrowBalanceOf", "isLiquidatable", "isBorrowCollateralized"};

/// Of a scale that is a power of ten up to 10^36.
std::optional<std::uint8_t> decimals_of(const model::U256& scale);

/// Lives as long as the program.
const model::VenueRule& rule();

}  // namespace margind::adapters::protocols::compound_v3
