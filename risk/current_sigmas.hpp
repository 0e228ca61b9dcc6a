// A calibration brought up to date by daily closes that came after it.
#pragma once

#include "risk/model/market.hpp"

#include <cstdint>
#include <map>

namespace margind::risk {

/// The last price of each whole day (days since 1970) in USD.
using DailyCloses = std::map<model::AssetId, std::map<std::int64_t, double>>;

/// The EWMA (lambda .97) goes on over the closes after `calibrated_to` of days that ended at or before `now`, two neighbours at a
/// time, and stays at or above the calibration's own floor. A claim without closes follows what it is on. Assets whose sigma stays say
/// so by an empty `sigma_from`; version and provenance tell of the others.
model::Market with_current_sigmas(const model::Market& calibration, const DailyCloses& closes, std::int64_t now);

}  // namespace margind::risk
