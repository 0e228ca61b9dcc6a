// The walk through the past: what a day's market follows from, and the margin and losses of books whose prices are known beforehand.
#include "risk/backtest/books.hpp"

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
using model::AssetId;

/// 2021-12-31: its first day has no return, and 91 days later a month begins.
constexpr std::int64_t start = 1'640'908'800;
constexpr int days = 131;

const std::vector<AssetSource> sources{{"BTC", {"btc_1h"}, 0.18, false, "", "", 0.0005, "test"}, {"ETH", {"eth_1h"}, 0.18, false, "", "", 0.0005, "test"}};

std::string bars(const std::function<double(std::int64_t)>& price, int count_days = days) {
    std::string text = "ts,close,volume\n";
    for (std::int64_t open = start; open < start + count_days * day_s; open += 3600) text += fmt::format("{},{:.8f},1000000\n", open, price(open + 3600));
    return text;
}

/// Up by 2 % on even days and down again on odd ones; the move is made in the first hour.
double zigzag(std::int64_t time) { return (time - start - 1) / day_s % 2 == 0 ? 102 : 100; }

Archive archive_of(const std::function<double(std::int64_t)>& price, int count_days = days) {
    const DataFiles files{{"btc_1h", {bars(price, count_days), ""}}, {"eth_1h", {bars(price, count_days), ""}}};
    return *Archive::read(files, sources);
}

TEST(Walk, knows_nothing_of_what_comes_after) {
    // From day 110 on everything is wilder; up to its start every day's market is the same.
    const Archive calm = archive_of(zigzag);
    const Archive wild = archive_of([](std::int64_t time) { return zigzag(time) * (time > start + 110 * day_s ? 1 + 0.3 * static_cast<double>((time / 3600) % 5) : 1.0); });
    const auto before = Walk::make(calm, {{"BTC"}, {"ETH"}}, {});
    const auto after = Walk::make(wild, {{"BTC"}, {"ETH"}}, {});
    ASSERT_TRUE(before) << before.error().message;
    ASSERT_TRUE(after) << after.error().message;
    // 2022-04-01.
    EXPECT_EQ(before->first_day(), start / day_s + 91);
    EXPECT_EQ(before->end_day(), start / day_s + days);
    for (std::int64_t day = before->first_day(); day <= start / day_s + 110; ++day) EXPECT_TRUE(before->market(day) == after->market(day)) << day;
    EXPECT_FALSE(before->market(start / day_s + 112) == after->market(start / day_s + 112));
}

TEST(Walk, brings_sigmas_up_to_date_each_day) {
    // One day of 10 %, on day 100: the EWMA is sqrt(.97 v + .03 x .1^2) of the one before.
    const Archive archive = archive_of([](std::int64_t time) { return zigzag(time) * (time > start + 100 * day_s ? std::exp(0.1) : 1.0); });
    const auto walk = Walk::make(archive, {{"BTC"}, {"ETH"}}, {});
    ASSERT_TRUE(walk) << walk.error().message;
    const std::int64_t jump = start / day_s + 100;
    const double quiet = std::log(102.0 / 100);
    const double daily = 0.1 + std::log(102.0 / 100);
    // Six digits are kept of a calibration.
    EXPECT_NEAR(walk->market(jump).assets.at({"BTC"}).sigma_24h, quiet, 1e-6);
    EXPECT_NEAR(walk->market(jump + 1).assets.at({"BTC"}).sigma_24h, std::sqrt(0.97 * quiet * quiet + 0.03 * daily * daily), 1e-6);
}

TEST(Walk, needs_a_month_after_ninety_days) {
    const auto walk = Walk::make(archive_of(zigzag, 91), {{"BTC"}, {"ETH"}}, {});
    ASSERT_FALSE(walk);
    EXPECT_NE(walk.error().message.find("90 days"), std::string::npos) << walk.error().message;
}

TEST(Books, are_held_against_the_margin_of_the_morning) {
    const Archive archive = archive_of(zigzag);
    const auto walk = Walk::make(archive, {{"BTC"}, {"ETH"}}, {});
    ASSERT_TRUE(walk) << walk.error().message;
    const calibration::Series none;
    const std::vector<BookSpec> specs{{"long", "", {{Leg::Kind::spot, "paper", "BTC", 1}}},
                                      {"pair", "", {{Leg::Kind::spot, "paper", "BTC", 1}, {Leg::Kind::spot, "paper", "ETH", -1}}},
                                      {"options", "", {{Leg::Kind::option, "paper", "BTC", -1}}}};
    const auto found = backtest_books({archive, *walk, none, none}, specs, {}, 2, {});
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 2U) << "no vols, no options";
    const BookResult& alone = found->front();
    ASSERT_EQ(alone.days.size(), 40U);
    // sigma 1.98 % is below 4.5 %, so R is the table's 18 %, of which 80 % are charged; and what closing costs: half spread and the square
    // root of 100,000 dollars over a day's volume (24 hours of 1,000,000 coins at the median of 100 and 102) times sigma.
    const double sigma = std::log(1.02);
    const double closing = 0.0005 + sigma * std::sqrt(100'000 / (24 * 1'000'000 * 101.0));
    for (const BookDay& day : alone.days) {
        const bool rises = (day.day - start / day_s) % 2 == 0;
        EXPECT_NEAR(day.loss, rises ? -0.02 : 2.0 / 102, 1e-12);
        EXPECT_NEAR(day.mm, 0.8 * 0.18 + closing, 2e-5);
        EXPECT_NEAR(day.grid, 0.18, 1e-9);
        ASSERT_TRUE(day.worst_hour);
        EXPECT_NEAR(*day.worst_hour, rises ? -0.02 : 2.0 / 102, 1e-12);
        EXPECT_FALSE(day.var) << "four months are no history for it";
    }
    for (const BookDay& day : (*found)[1].days) EXPECT_NEAR(day.loss, 0, 1e-12) << "both legs move alike";
}

TEST(Books, of_the_benchmark_have_a_larger_side_of_one) {
    for (const BookSpec& spec : benchmark_books({{"BTC"}, {"ETH"}, {"SOL"}})) {
        double longs = 0;
        double shorts = 0;
        for (const Leg& leg : spec.legs)
            if (leg.kind != Leg::Kind::option) (leg.share > 0 ? longs : shorts) += std::abs(leg.share);
        if (longs + shorts > 0) {
            EXPECT_NEAR(std::max(longs, shorts), 1, 1e-12) << spec.name;
        }
    }
}

}  // namespace
}  // namespace margind::risk::backtest
