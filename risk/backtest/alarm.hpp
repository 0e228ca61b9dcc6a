// Warnings against what happened: synthetic accounts under the venues' own rules on real prices.
#pragma once

#include "risk/backtest/result.hpp"
#include "risk/backtest/walk.hpp"

#include "risk/model/policy.hpp"
#include "risk/model/venue_rule.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace margind::risk::backtest {

/// A position opened at `entry` USD with `leverage` times its equity.
struct Opening {
    model::AssetId asset;
    double entry = 0;
    double leverage = 1;
    bool is_long = true;
};

/// How accounts of a venue come about. What `open` gives is null where the venue would not open it, or does not list the asset.
struct AlarmVenue {
    std::string name;
    /// Of the feed that triggers, 0.005 is 0.5 %; 0: the venue has its own prices.
    double feed_deviation = 0;
    std::function<model::Result<std::shared_ptr<const model::PreparedAccount>>(const Opening&)> open;
};

/// Of one bar; `end` in unix seconds.
struct Bar {
    std::int64_t end = 0;
    double high = 0;
    double low = 0;
    double close = 0;
};

struct AlarmSources {
    model::AssetId asset;
    std::string file;
    std::int64_t bar_s = 0;
    /// Rising; those before the walk begins are left out.
    std::span<const Bar> bars;
    const Walk& walk;
    std::span<const AlarmVenue> venues;
};

struct AlarmPlan {
    std::vector<double> leverages{3, 5, 10};
    std::size_t starts = 16;
    std::int64_t hold_s = 14 * 86'400;
    std::uint64_t seed = 1;
    /// Whether its aims are aims: of BTC on bars of five minutes they are.
    bool aims = false;
};

/// Each account at random starts, long and short, held until it is liquidated or the hold ends. At each bar it is looked at where the bar was
/// worst for it, and then at the close: distances(), judge() and step() as the daemon has them, facts frozen but for the price. A CALL is
/// false when its account is not liquidatable within the next 24 h, of an incident the first one counts. Fails where a rule has no figure.
model::Result<AlarmResult> backtest_alarm(const AlarmSources& sources, const AlarmPlan& plan, const model::Policy& policy, unsigned threads,
                                          const Progress& progress);

}  // namespace margind::risk::backtest
