// One synthetic account from its opening to its liquidation or the end of its hold.
#pragma once

#include "risk/backtest/alarm.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace margind::risk::backtest {

struct HoldOutcome {
    /// The venue would not open it.
    bool refused = false;
    std::optional<std::int64_t> liquidated_at{};
    /// Since when it has been at CALL or worse at the liquidation; empty: it was not.
    std::optional<std::int64_t> called_since{};
    std::int64_t calls = 0;
    std::int64_t false_calls = 0;
    /// Of the hold, seconds.
    std::int64_t held_s = 0;
    /// P24h once a day, and whether the account was liquidatable by the same time of the next.
    std::vector<std::pair<double, bool>> forecasts;
    std::vector<TracePoint> trace;
    double liquidation_price = 0;
};

/// From the bar with that index.
model::Result<HoldOutcome> hold(const AlarmSources& sources, const AlarmVenue& venue, const Opening& opening, std::size_t first, std::int64_t hold_s,
                                const std::vector<std::shared_ptr<const model::Market>>& markets, const model::Policy& policy);

}  // namespace margind::risk::backtest
