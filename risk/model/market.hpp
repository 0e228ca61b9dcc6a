// What an evaluation knows of how prices move: a versioned calibration, with its provenance.
#pragma once

#include "risk/model/ids.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace margind::model {

/// Daily figures as decimals: 0.03 is 3 % a day. `beta` is to the market factor, `residual_24h` the sigma of what is left.
struct AssetCalibration {
    double sigma_24h = 0;
    double beta = 0;
    double residual_24h = 0;
    /// Main spot range R before its 4-sigma rule.
    double range = 0;
    /// Days of history behind the figures.
    std::int64_t days = 0;
    friend bool operator==(const AssetCalibration&, const AssetCalibration&) = default;
};

struct Market {
    std::string version;
    /// Where the figures come from: files, dates, method.
    std::string provenance;
    double market_sigma_24h = 0;
    /// Main spot range of the market factor before its 4-sigma rule.
    double market_range = 0;
    std::map<AssetId, AssetCalibration> assets;
    friend bool operator==(const Market&, const Market&) = default;
};

}  // namespace margind::model
