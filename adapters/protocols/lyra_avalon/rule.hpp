// One option position as an account under its market's rule.
#pragma once

#include "risk/model/venue_rule.hpp"

namespace margind::adapters::protocols::lyra_avalon {

// Names of the native figures, as the contracts name their views and fields.
inline constexpr const char* view_min_collateral = "getMinCollateral";
/// 1 or 0.
inline constexpr const char* view_can_liquidate = "canLiquidate";
inline constexpr const char* view_spot = "getSpotPrice";
inline constexpr const char* view_amount = "amount";
inline constexpr const char* view_collateral = "collateral";

/// Lives as long as the program.
const model::VenueRule& rule();

}  // namespace margind::adapters::protocols::lyra_avalon
