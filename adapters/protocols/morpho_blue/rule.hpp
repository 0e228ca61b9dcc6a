// The health rule of Morpho Blue and of its pre-liquidation contracts, exact to the last unit.
#pragma once

#include "risk/model/venue_rule.hpp"

#include <string_view>

namespace margind::adapters::protocols::morpho_blue {

/// What the contracts themselves answer, as NativeFigures of 0 or 1: liquidate(), and preLiquidate() of a contract that the
/// owner authorised.
inline constexpr std::string_view liquidatable_name = "liquidatable";
inline constexpr std::string_view pre_liquidatable_name = "preLiquidatable";

/// Lives as long as the program.
const model::VenueRule& rule();

}  // namespace margind::adapters::protocols::morpho_blue
