// The market from day to day, by the prices of snapshots.
#include "daemon/current_market.hpp"

#include <gtest/gtest.h>

namespace margind::daemon {
namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t first_day = 20'000;

model::Market calibration() {
    model::Market market;
    market.version = "v";
    market.calibrated_to = first_day * day_s;
    model::AssetCalibration row;
    row.sigma_24h = row.ewma_24h = 0.03;
    market.assets[{"ETH"}] = row;
    return market;
}

model::Snapshot priced(std::int64_t time, std::int64_t usd, model::PriceGrade grade = model::PriceGrade::fresh) {
    model::Snapshot snapshot;
    snapshot.time = time;
    model::ReferencePrice price;
    price.asset = {"ETH"};
    price.source = "chainlink:1:0x5f4e";
    price.raw = usd;
    price.grade = grade;
    snapshot.prices = {price};
    return snapshot;
}

TEST(CurrentMarket, moves_when_a_second_day_has_ended_and_not_within_one) {
    CurrentMarket market(calibration());
    const auto at_start = market.at(first_day * day_s);
    EXPECT_EQ(*at_start, calibration());
    EXPECT_EQ(market.note(priced(first_day * day_s + 86'000, 2000)).size(), 1U);
    EXPECT_EQ(*market.at((first_day + 1) * day_s), calibration()) << "one close makes no return";
    static_cast<void>(market.note(priced((first_day + 1) * day_s + 86'000, 2400)));
    EXPECT_EQ(*market.at((first_day + 2) * day_s - 1), calibration());
    const auto next = market.at((first_day + 2) * day_s);
    EXPECT_GT(next->assets.at({"ETH"}).sigma_24h, 0.03);
    EXPECT_EQ(next, market.at((first_day + 2) * day_s + 50'000)) << "the same object all day";
}

TEST(CurrentMarket, takes_no_price_of_noon_for_a_close_and_no_stale_one) {
    CurrentMarket market(calibration());
    static_cast<void>(market.note(priced(first_day * day_s + 86'000, 2000)));
    const auto kept = market.note(priced((first_day + 1) * day_s + day_s / 2, 2400));
    ASSERT_EQ(kept.size(), 1U) << "it is kept: a later one of the day takes its place";
    EXPECT_EQ(kept.front(), (storage::DailyPrice{"ETH", first_day + 1, 2400, (first_day + 1) * day_s + day_s / 2, "chainlink:1:0x5f4e"}));
    EXPECT_TRUE(market.note(priced((first_day + 1) * day_s + 86'000, 2400, model::PriceGrade::stale)).empty());
    EXPECT_EQ(*market.at((first_day + 2) * day_s), calibration());
}

TEST(CurrentMarket, goes_on_from_what_was_kept) {
    CurrentMarket run(calibration());
    std::vector<storage::DailyPrice> kept;
    for (const std::int64_t day : {first_day, first_day + 1})
        for (const storage::DailyPrice& price : run.note(priced(day * day_s + 86'000, 2000 + 300 * (day - first_day)))) kept.push_back(price);
    CurrentMarket next(calibration());
    next.restore(kept);
    EXPECT_EQ(*next.at((first_day + 2) * day_s), *run.at((first_day + 2) * day_s));
}

}  // namespace
}  // namespace margind::daemon
