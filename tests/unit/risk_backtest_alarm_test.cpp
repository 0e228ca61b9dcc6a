// Warnings on prices that are made up, so that every minute of them is known: an account on paper, 1 % of maintenance.
#include "risk/backtest/alarm.hpp"
#include "risk/backtest/hold.hpp"
#include "risk/backtest/paper_account.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <string>

namespace margind::risk::backtest {
namespace {

using calibration::Archive;
using calibration::AssetSource;
using calibration::DataFiles;
using calibration::day_s;

/// 2021-12-31: its first day has no return, and 91 days later a month begins.
constexpr std::int64_t start = 1'640'908'800;
constexpr std::int64_t bar_s = 300;
constexpr std::int64_t walk_start = start + 91 * day_s;
/// Of each day, up and down again: also what sigma is.
const double sigma = std::log(1.02);

Archive archive() {
    const std::vector<AssetSource> sources{{"BTC", {"btc_1h"}, 0.18}, {"ETH", {"eth_1h"}, 0.18}};
    std::string text = "ts,close,volume\n";
    for (std::int64_t open = start; open < start + 110 * day_s; open += 3600)
        text += fmt::format("{},{},1\n", open, (open - start) / day_s % 2 == 0 ? 102 : 100);
    const DataFiles files{{"btc_1h", {text, ""}}, {"eth_1h", {text, ""}}};
    return *Archive::read(files, sources);
}

/// Dollars and a perpetual.
AlarmVenue paper_venue() {
    return {"paper", 0, [](const Opening& opening) -> model::Result<std::shared_ptr<const model::PreparedAccount>> {
                if (opening.leverage > 50) return nullptr;
                constexpr double notional = 1000;
                PaperHolder holder;
                holder.positions.push_back({model::Instrument::spot, "USD", notional / opening.leverage});
                holder.positions.push_back({model::Instrument::perp, "BTC", (opening.is_long ? 1 : -1) * notional / opening.entry});
                return std::make_shared<PaperAccount>(holder, std::map<std::string, double>{{"BTC", opening.entry}}, 0);
            }};
}

std::vector<Bar> bars(int count, const std::function<double(int)>& price) {
    std::vector<Bar> all;
    for (int i = 0; i < count; ++i) all.push_back({walk_start + (i + 1) * bar_s, price(i), price(i), price(i)});
    return all;
}

struct Made {
    Archive from = archive();
    Walk walk = *Walk::make(from, {{"BTC"}, {"ETH"}}, {});
    std::vector<AlarmVenue> venues{paper_venue()};
    std::vector<Bar> path;
    AlarmSources sources() const { return {{"BTC"}, "made up", bar_s, path, walk, venues}; }
    std::vector<std::shared_ptr<const model::Market>> markets() const {
        std::vector<std::shared_ptr<const model::Market>> all;
        for (std::int64_t day = walk.first_day(); day <= walk.end_day(); ++day) all.push_back(std::make_shared<const model::Market>(walk.market(day)));
        return all;
    }
    HoldOutcome held(double leverage, bool is_long, std::int64_t hold_s) const {
        auto outcome = hold(sources(), venues[0], {{"BTC"}, 100, leverage, is_long}, 0, hold_s, markets(), {});
        EXPECT_TRUE(outcome) << outcome.error().message;
        return outcome ? *std::move(outcome) : HoldOutcome{};
    }
};

TEST(Hold, calls_one_sigma_before_the_liquidation) {
    // 5x long: liquidated where .2 + x - 1 = .01 (x + .2), at x = .802 / .99; at CALL below that times e^sigma. Down by a thousandth of the start
    // each bar after a day.
    Made made;
    made.path = bars(600, [](int i) { return i < 288 ? 100.0 : 100 - 0.1 * (i - 288); });
    const HoldOutcome outcome = made.held(5, true, 14 * day_s);
    ASSERT_TRUE(outcome.liquidated_at);
    ASSERT_TRUE(outcome.called_since);
    const double broken = 100 * 0.802 / 0.99;
    const double called = broken * std::exp(sigma);
    const auto bar_below = [&](double price) { return walk_start + (288 + static_cast<std::int64_t>(std::ceil((100 - price) / 0.1)) + 1) * bar_s; };
    EXPECT_EQ(*outcome.liquidated_at, bar_below(broken));
    EXPECT_EQ(*outcome.called_since, bar_below(called));
    EXPECT_NEAR(outcome.liquidation_price, broken, 1e-6);
    EXPECT_EQ(outcome.calls, 1);
    EXPECT_EQ(outcome.false_calls, 0);
    EXPECT_EQ(outcome.trace.back().level, model::Level::liquidatable);
    // A short of the same size gains.
    EXPECT_FALSE(made.held(5, false, 14 * day_s).liquidated_at);
}

TEST(Hold, counts_a_call_as_false_when_nothing_follows_within_a_day) {
    // Into CALL (below 82.6), back to the start, once more after three days, and never below 81.1.
    Made made;
    made.path = bars(12 * 24 * 8, [](int i) { return (i > 300 && i < 320) || (i > 300 + 864 && i < 320 + 864) ? 82.0 : 100.0; });
    const HoldOutcome outcome = made.held(5, true, 7 * day_s);
    EXPECT_FALSE(outcome.liquidated_at);
    EXPECT_EQ(outcome.calls, 2) << "the first incident was cleared between the two";
    EXPECT_EQ(outcome.false_calls, 2);
    EXPECT_EQ(outcome.held_s, 7 * day_s);
    for (const auto& [forecast, came] : outcome.forecasts) EXPECT_FALSE(came);
    // Within a day of the call the account is gone: not false.
    made.path = bars(12 * 24 * 8, [](int i) { return i > 300 ? i > 500 ? 80.0 : 82.0 : 100.0; });
    const HoldOutcome gone = made.held(5, true, 7 * day_s);
    EXPECT_TRUE(gone.liquidated_at);
    EXPECT_EQ(gone.calls, 1);
    EXPECT_EQ(gone.false_calls, 0);
}

TEST(Hold, sees_the_worst_of_a_bar) {
    Made made;
    made.path = bars(600, [](int) { return 100.0; });
    made.path[400].low = 80;
    EXPECT_EQ(made.held(5, true, day_s * 2).liquidated_at, made.path[400].end);
    made.path[400].high = 125;
    EXPECT_EQ(made.held(5, false, day_s * 2).liquidated_at, made.path[400].end);
}

TEST(Alarm, sums_accounts_by_venue_and_leverage) {
    Made made;
    made.path = bars(12 * 24 * 6, [](int) { return 100.0; });
    AlarmPlan plan;
    plan.leverages = {5, 100};
    plan.starts = 3;
    plan.hold_s = 2 * day_s;
    plan.aims = true;
    const auto result = backtest_alarm(made.sources(), plan, {}, 2, {});
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_EQ(result->rows.size(), 1U) << "100x is refused";
    EXPECT_EQ(result->total.accounts, 6);
    EXPECT_NEAR(result->total.months, 6 * 2 / 30.0, 1e-9);
    EXPECT_EQ(result->total.liquidations, 0);
    EXPECT_EQ(result->total.calls, 0);
    EXPECT_LT(result->brier, 1e-12);
    ASSERT_EQ(result->aims.size(), 1U) << "without liquidations there is no share of them";
    EXPECT_TRUE(result->aims[0].met());
    plan.hold_s = 20 * day_s;
    EXPECT_FALSE(backtest_alarm(made.sources(), plan, {}, 2, {})) << "the bars are too short";
}

}  // namespace
}  // namespace margind::risk::backtest
