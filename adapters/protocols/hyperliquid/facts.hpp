// Schemas of the hyperliquid facts, the words for an account's mode, and what stands for a perp or a token in the asset table.
#pragma once

#include "risk/model/ids.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace margind::adapters::protocols::hyperliquid {

inline constexpr const char* config_schema = "hyperliquid.config/1";
inline constexpr const char* venue_schema = "hyperliquid.venue/1";
inline constexpr const char* account_schema = "hyperliquid.account/1";

inline constexpr std::uint64_t max_dexes = 32;
inline constexpr std::uint64_t max_tiers = 1024;
inline constexpr std::uint64_t max_perps_per_dex = 2000;
inline constexpr std::uint64_t max_positions = 4096;
inline constexpr std::uint64_t max_spot_tokens = 64;
/// Perp indices of builder dex d begin at 10000 d.
inline constexpr std::uint64_t perps_of_dex = 10'000;
inline constexpr std::uint64_t usdc_token = 0;

/// How an account's collateral is kept. No precompile tells: it is configured, else unknown.
enum class Mode : std::uint8_t { unknown, standard, unified, portfolio };
const char* to_string(Mode mode);
std::optional<Mode> mode_of(std::string_view text);

/// "PERP" and the index; a token's is HyperCore's system address of it.
model::Address perp_address(std::uint64_t perp);
model::Address token_address(std::uint64_t token);

}  // namespace margind::adapters::protocols::hyperliquid
