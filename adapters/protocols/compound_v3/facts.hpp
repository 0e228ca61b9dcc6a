// Names and schemas of the facts that the compound_v3 readings write and its rule reads.
#pragma once

#include "risk/model/facts.hpp"

#include <string>
#include <string_view>

namespace margind::adapters::protocols::compound_v3 {

inline constexpr std::string_view config_schema = "compound_v3.config/1";
inline constexpr std::string_view venue_schema = "compound_v3.venue/1";
inline constexpr std::string_view account_schema = "compound_v3.account/1";

/// 16 bits of assetsIn and 8 of _reserved say which assets an account holds.
inline constexpr unsigned max_assets = 24;

/// "asset.07.price"
std::string asset_fact(unsigned offset, std::string_view field);

}  // namespace margind::adapters::protocols::compound_v3
