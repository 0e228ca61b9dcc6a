// The calibration in force: the configured file, or the one that is built in.
#pragma once

#include "config/settings.hpp"
#include "risk/model/market.hpp"

namespace margind::daemon {

/// Errors name the file and the field.
model::Result<model::Market> load_market(const config::Settings& settings);

}  // namespace margind::daemon
