// Random starts, their outcomes by venue and leverage, and the score of P24h.
#include "risk/backtest/alarm.hpp"

#include "risk/backtest/hold.hpp"
#include "risk/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <utility>

namespace margind::risk::backtest {

using namespace model;
using calibration::day_s;

namespace {

constexpr double month_s = 30 * 86'400.0;
constexpr std::int64_t hour_s = 3600;
constexpr std::int64_t quarter_s = 900;
constexpr double least_called_60 = 0.90;
constexpr double most_false = 0.5;
constexpr std::size_t traces = 3;

struct Job {
    std::size_t row = 0;
    const AlarmVenue* venue = nullptr;
    Opening opening;
    std::size_t first = 0;
};

void add(AlarmRow& row, const HoldOutcome& outcome) {
    ++row.accounts;
    row.months += static_cast<double>(outcome.held_s) / month_s;
    row.calls += outcome.calls;
    row.false_calls += outcome.false_calls;
    if (!outcome.liquidated_at) return;
    ++row.liquidations;
    const std::int64_t lead = outcome.called_since ? *outcome.liquidated_at - *outcome.called_since : 0;
    row.called_60 += std::int64_t{outcome.called_since && lead >= hour_s};
    row.called_15 += std::int64_t{outcome.called_since && lead >= quarter_s};
    row.leads.push_back(static_cast<double>(lead) / 60);
}

void score(AlarmResult& result, const std::vector<std::pair<double, bool>>& forecasts) {
    static constexpr std::array edges{0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0001};
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) result.touch.push_back({edges[i], std::min(edges[i + 1], 1.0)});
    double square = 0;
    double happened = 0;
    for (const auto& [forecast, came] : forecasts) {
        const double outcome = came ? 1.0 : 0.0;
        square += (forecast - outcome) * (forecast - outcome);
        happened += outcome;
        const auto bin = std::upper_bound(edges.begin(), edges.end(), forecast) - edges.begin() - 1;
        TouchBin& row = result.touch[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(bin, 0, std::ssize(result.touch) - 1))];
        ++row.forecasts;
        row.mean_forecast += forecast;
        row.frequency += outcome;
    }
    for (TouchBin& row : result.touch) {
        if (row.forecasts == 0) continue;
        row.mean_forecast /= static_cast<double>(row.forecasts);
        row.frequency /= static_cast<double>(row.forecasts);
    }
    if (forecasts.empty()) return;
    const auto count = static_cast<double>(forecasts.size());
    const double frequency = happened / count;
    result.brier = square / count;
    result.brier_of_frequency = frequency * (1 - frequency);
}

void add_aims(AlarmResult& result) {
    const auto share = [](std::int64_t part, std::int64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); };
    const std::string of = "alarm " + result.asset;
    if (result.total.liquidations > 0) {
        result.aims.push_back({of, "liquidations with CALL 60 minutes before", share(result.total.called_60, result.total.liquidations), least_called_60, true});
        result.aims.push_back({of, "liquidations with CALL 15 minutes before", share(result.total.called_15, result.total.liquidations), 1, true});
    }
    if (result.at_5x.months > 0)
        result.aims.push_back({of, "false CALLs per account-month at 5x", static_cast<double>(result.at_5x.false_calls) / result.at_5x.months, most_false});
}

/// The bars that the walk covers, with a day of the walk left for each.
std::span<const Bar> covered(const AlarmSources& sources) {
    const auto inside = [&](const Bar& bar) { return bar.end / day_s >= sources.walk.first_day() && bar.end / day_s <= sources.walk.end_day(); };
    const auto first = std::find_if(sources.bars.begin(), sources.bars.end(), inside);
    const auto last = std::find_if_not(first, sources.bars.end(), inside);
    return {first, last};
}

}  // namespace

Result<AlarmResult> backtest_alarm(const AlarmSources& given, const AlarmPlan& plan, const Policy& policy, unsigned threads, const Progress& progress) {
    AlarmSources sources = given;
    sources.bars = covered(given);
    AlarmResult result;
    result.asset = sources.asset.symbol;
    result.file = sources.file;
    result.bar_s = sources.bar_s;
    result.total.asset = result.at_5x.asset = result.asset;
    // A start needs a hold and a day after it.
    std::size_t starts = 0;
    while (starts < sources.bars.size() && sources.bars[starts].end + plan.hold_s + day_s <= sources.bars.back().end) ++starts;
    if (starts == 0)
        return fail(ErrorCode::missing, fmt::format("{}: the bars are shorter than a hold of {} days and a day", sources.file, plan.hold_s / day_s));
    result.from = sources.bars.front().end;
    result.to = sources.bars.back().end;

    std::vector<std::shared_ptr<const Market>> markets;
    for (std::int64_t day = sources.walk.first_day(); day <= sources.walk.end_day(); ++day) {
        const bool needed = day >= result.from / day_s && day <= result.to / day_s;
        markets.push_back(needed ? std::make_shared<const Market>(sources.walk.market(day)) : nullptr);
    }
    std::mt19937_64 random(plan.seed);
    std::vector<Job> jobs;
    for (const AlarmVenue& venue : sources.venues)
        for (const double leverage : plan.leverages) {
            AlarmRow row;
            row.asset = result.asset;
            row.venue = venue.name;
            row.leverage = leverage;
            for (std::size_t i = 0; i < plan.starts; ++i)
                for (const bool is_long : {true, false}) {
                    const std::size_t first = random() % starts;
                    jobs.push_back({result.rows.size(), &venue, {sources.asset, sources.bars[first].close, leverage, is_long}, first});
                }
            result.rows.push_back(std::move(row));
        }
    std::vector<std::optional<Result<HoldOutcome>>> outcomes(jobs.size());
    constexpr std::size_t at_once = 32;
    const std::string what = "alarm " + result.asset;
    for (std::size_t begin = 0; begin < jobs.size(); begin += at_once) {
        if (progress) progress(what, begin, jobs.size());
        for_each_row(std::min(at_once, jobs.size() - begin), threads, [&](std::size_t i) {
            const Job& job = jobs[begin + i];
            outcomes[begin + i] = hold(sources, *job.venue, job.opening, job.first, plan.hold_s, markets, policy);
        });
    }
    if (progress) progress(what, jobs.size(), jobs.size());

    std::vector<std::pair<double, bool>> forecasts;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        Result<HoldOutcome>& outcome = *outcomes[i];
        if (!outcome) return fail(outcome.error());
        if (outcome->refused) continue;
        const Job& job = jobs[i];
        add(result.rows[job.row], *outcome);
        add(result.total, *outcome);
        if (job.opening.leverage == 5) add(result.at_5x, *outcome);
        forecasts.insert(forecasts.end(), outcome->forecasts.begin(), outcome->forecasts.end());
        if (outcome->trace.empty() || result.traces.size() >= traces || job.opening.leverage < 5) continue;
        result.traces.push_back({fmt::format("{} {:g}x {} at {}, opened at {:.2f}", result.asset, job.opening.leverage, job.opening.is_long ? "long" : "short",
                                             job.venue->name, job.opening.entry),
                                 outcome->liquidation_price, std::move(outcome->trace)});
    }
    std::erase_if(result.rows, [](const AlarmRow& row) { return row.accounts == 0; });
    for (AlarmRow* row : {&result.total, &result.at_5x}) std::sort(row->leads.begin(), row->leads.end());
    for (AlarmRow& row : result.rows) std::sort(row.leads.begin(), row.leads.end());
    score(result, forecasts);
    if (plan.aims) add_aims(result);
    return result;
}

}  // namespace margind::risk::backtest
