// Sigmas after the calibration's last day.
#include "risk/current_sigmas.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace margind::risk {
namespace {

using namespace model;

constexpr std::int64_t last_day = 20'000;

Market calibration() {
    Market market;
    market.version = "v";
    market.calibrated_to = (last_day + 1) * 86'400;
    market.market_ewma_24h = 0.03;
    market.market_sigma_24h = 0.035;
    market.market_sigma_floor = 0.035;
    for (const char* const asset : {"BTC", "ETH"}) {
        AssetCalibration row;
        row.ewma_24h = 0.03;
        row.sigma_floor = 0.02;
        row.sigma_24h = 0.03;
        market.assets[{asset}] = row;
    }
    market.assets[{"wstETH"}] = market.assets[{"ETH"}];
    market.assets[{"wstETH"}].claim = "ETH";
    return market;
}

DailyCloses closes() { return {{{"ETH"}, {{last_day, 100}, {last_day + 1, 110}, {last_day + 2, 99}}}}; }

constexpr std::int64_t end_of(std::int64_t day) { return (day + 1) * 86'400; }

TEST(CurrentSigmas, go_on_where_the_calibration_ends) {
    const Market market = with_current_sigmas(calibration(), closes(), end_of(last_day + 2));
    const double one = 0.97 * 0.0009 + 0.03 * std::pow(std::log(1.1), 2);
    const double two = 0.97 * one + 0.03 * std::pow(std::log(0.9), 2);
    EXPECT_NEAR(market.assets.at({"ETH"}).sigma_24h, std::sqrt(two), 1e-12);
    EXPECT_NEAR(market.assets.at({"wstETH"}).sigma_24h, std::sqrt(two), 1e-12) << "as what it is a claim on";
    EXPECT_NE(market.assets.at({"ETH"}).sigma_from, "");
    EXPECT_EQ(market.assets.at({"BTC"}), calibration().assets.at({"BTC"}));
    EXPECT_EQ(market.market_sigma_24h, 0.035) << "the factor takes both";
    EXPECT_NE(market.version, "v");
}

TEST(CurrentSigmas, know_no_day_that_has_not_ended) {
    const Market market = with_current_sigmas(calibration(), closes(), end_of(last_day + 2) - 1);
    EXPECT_NEAR(market.assets.at({"ETH"}).sigma_24h, std::sqrt(0.97 * 0.0009 + 0.03 * std::pow(std::log(1.1), 2)), 1e-12);
    EXPECT_EQ(with_current_sigmas(calibration(), closes(), end_of(last_day)), calibration());
    EXPECT_EQ(with_current_sigmas(calibration(), {}, end_of(last_day + 2)), calibration());
}

TEST(CurrentSigmas, do_not_fall_below_the_floor) {
    DailyCloses quiet;
    for (std::int64_t day = last_day; day < last_day + 400; ++day) quiet[{"ETH"}][day] = 100;
    EXPECT_EQ(with_current_sigmas(calibration(), quiet, end_of(last_day + 400)).assets.at({"ETH"}).sigma_24h, 0.02);
}

TEST(CurrentSigmas, take_no_return_over_a_gap) {
    const DailyCloses gap{{{"ETH"}, {{last_day, 100}, {last_day + 2, 300}}}};
    EXPECT_EQ(with_current_sigmas(calibration(), gap, end_of(last_day + 2)), calibration());
}

TEST(CurrentSigmas, move_the_factor_with_both) {
    DailyCloses both = closes();
    both[{"BTC"}] = {{last_day, 100}, {last_day + 1, 130}};
    const Market market = with_current_sigmas(calibration(), both, end_of(last_day + 2));
    EXPECT_NEAR(market.market_ewma_24h, std::sqrt(0.97 * 0.0009 + 0.03 * std::pow((std::log(1.1) + std::log(1.3)) / 2, 2)), 1e-12);
}

}  // namespace
}  // namespace margind::risk
