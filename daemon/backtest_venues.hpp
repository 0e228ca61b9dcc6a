// Synthetic accounts for the backtest of warnings, under the rules of this build.
#pragma once

#include "risk/backtest/alarm.hpp"

#include <vector>

namespace margind::daemon {

/// Those venues whose protocol this build has, each as facts that its rule reads, with the parameters that it has on mainnet for the asset;
/// 100,000 USD of notional, money held in dollars, no fees, funding or interest afterwards.
std::vector<risk::backtest::AlarmVenue> backtest_venues();

}  // namespace margind::daemon
