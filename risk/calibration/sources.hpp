// What a calibration is made of: which file tells of which asset, and the figures that are policy, not measured.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace margind::risk::calibration {

struct AssetSource {
    std::string_view symbol;
    /// "file", or "file:BASE" of a file of many; later ones go on where earlier ones end.
    std::vector<std::string_view> histories;
    /// Main spot range R of the policy table.
    double range;
    bool pegged = false;
    /// Funding of a perpetual, and its prices where `histories` are those of spot.
    std::string_view funding{};
    std::string_view perp{};
    /// What one side of a trade pays, and where that is from.
    std::optional<double> half_spread{};
    std::string_view spread_source{};
};

/// Assets without a history of their own take the row of what they are a claim on.
struct Claims {
    std::string_view on;
    std::vector<std::string_view> symbols;
    /// Tokens of staked coins, which can trade below the coin.
    bool staked = false;
};

/// A remembered day: the 24 h within these days, both inclusive, over which what drives it fell furthest.
struct NamedDay {
    std::string_view name;
    std::string_view from;
    std::string_view to;
};

inline constexpr std::string_view data_folder = "prices/";
std::span<const AssetSource> asset_sources();
std::span<const Claims> claims();
std::span<const NamedDay> named_days();
/// USDC at the break of March 2023, when Binance did not list it.
inline constexpr std::string_view depeg_file = "prices/usdc_usd_dex_15m_2023-03-09_19";
/// The ratio of stETH to ETH at daily closes.
inline constexpr std::string_view staking_file = "prices/yahoo_stETH_ETH_daily";

}  // namespace margind::risk::calibration
