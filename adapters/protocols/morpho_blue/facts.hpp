// Names and schemas of the facts that the morpho_blue readings write and its rule reads.
#pragma once

#include "risk/model/facts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace margind::adapters::protocols::morpho_blue {

inline constexpr std::string_view config_schema = "morpho_blue.config/1";
inline constexpr std::string_view venue_schema = "morpho_blue.venue/1";
inline constexpr std::string_view account_schema = "morpho_blue.account/1";

/// "market.<64 hex digits>.price"
std::string market_fact(const model::Bytes32& market, std::string_view field);
/// "pre_liquidation.<40 hex digits>.price"
std::string pre_liquidation_fact(const model::Address& contract, std::string_view field);

/// A list as one fact: its members' bytes one after the other.
model::Bytes joined(const std::vector<model::Bytes32>& list);
model::Bytes joined(const std::vector<model::Address>& list);
model::Result<std::vector<model::Bytes32>> markets_of(const model::Facts& facts);
/// The addresses of the fact `name`.
model::Result<std::vector<model::Address>> addresses_of(const model::Facts& facts, std::string_view name);

/// A text as a fact, and back; "" where the fact is no text.
model::Bytes text_fact(std::string_view text);
std::string text_of(const model::FactValue& value);

}  // namespace margind::adapters::protocols::morpho_blue
