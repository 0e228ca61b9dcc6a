// Names of the facts: what the readings write and the rule understands.
#pragma once

#include "adapters/fact_reader.hpp"

#include <cstddef>
#include <string>

namespace margind::adapters::protocols::perp_v2 {

inline constexpr const char* config_schema = "perp_v2.config/1";
inline constexpr const char* venue_schema = "perp_v2.venue/2";
inline constexpr const char* account_schema = "perp_v2.account/1";

// Lists.
inline constexpr const char* markets = "market";
inline constexpr const char* collaterals = "collateral";
/// A list of lists: item(orders_of(2), 0, "liquidity") is "market.2.order.0.liquidity".
std::string orders_of(std::size_t market);

/// Bounds on what a chain may claim to hold.
inline constexpr std::uint64_t max_items = 255;

}  // namespace margind::adapters::protocols::perp_v2
