// What an evaluation knows of how prices move: a versioned calibration, with its provenance.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/past.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace margind::model {

/// What trading an asset costs; not on chain, so data with a source and a date.
struct Liquidity {
    /// Share of the price that one side of a trade gives up. Null: not known.
    std::optional<double> half_spread{};
    /// Average daily volume in USD.
    double adv_usd = 0;
    std::string source{};
    /// "2025-09-30".
    std::string date{};
    friend bool operator==(const Liquidity&, const Liquidity&) = default;
};

/// Daily figures as decimals: 0.03 is 3 % a day. `beta` is to the market factor, `residual_24h` the sigma of what is left.
struct AssetCalibration {
    double sigma_24h = 0;
    double beta = 0;
    double residual_24h = 0;
    /// Main spot range R before its 4-sigma rule.
    double range = 0;
    /// Days of history behind the figures.
    std::int64_t days = 0;
    /// The estimate by the last day, and what sigma_24h is not taken below. 0: not told.
    double ewma_24h = 0;
    double sigma_floor = 0;
    /// What brought sigma_24h up to date after the calibration; empty: nothing.
    std::string sigma_from{};
    /// Held to a currency: its past moves are taken as they were, and where no file covers it, it held.
    bool pegged = false;
    /// What it is a claim on, whose past moves it takes; empty: its own.
    std::string claim{};
    /// What 99 of 100 days stay below: paid by longs, and paid by shorts, as a share of the notional.
    std::optional<double> funding_long_24h{};
    std::optional<double> funding_short_24h{};
    /// Sigma of a day's change of ln(perp / spot).
    std::optional<double> basis_24h{};
    std::optional<Liquidity> liquidity{};
    friend bool operator==(const AssetCalibration&, const AssetCalibration&) = default;
};

/// A day that people remember, as relative moves of prices over the 24 h before `end`.
struct StressDay {
    std::string name;
    /// Unix seconds.
    std::int64_t end = 0;
    /// Of the market factor: what an asset without a move of its own takes, times its beta.
    double factor = 0;
    std::map<AssetId, double> moves{};
    friend bool operator==(const StressDay&, const StressDay&) = default;
};

/// What an action costs on a chain.
struct GasPrice {
    ChainId chain;
    /// 95 of 100 blocks are cheaper.
    double p95_gwei = 0;
    /// The coin it is paid in.
    AssetId native{};
    std::string source{};
    std::string date{};
    friend bool operator==(const GasPrice&, const GasPrice&) = default;
};

struct Market {
    std::string version;
    /// Where the figures come from: files, dates, method.
    std::string provenance;
    double market_sigma_24h = 0;
    /// Main spot range of the market factor before its 4-sigma rule.
    double market_range = 0;
    std::map<AssetId, AssetCalibration> assets;
    /// Unix seconds of the end of the last day of the calibration.
    std::int64_t calibrated_to = 0;
    /// As of an asset.
    double market_ewma_24h = 0;
    double market_sigma_floor = 0;
    std::vector<StressDay> stress_days{};
    std::vector<GasPrice> gas{};
    Past past{};
    friend bool operator==(const Market&, const Market&) = default;
};

}  // namespace margind::model
