// Value at risk and expected shortfall against printed series.
#include "risk/statistics/tail.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace margind::risk::statistics {
namespace {

// Wikipedia, "Expected shortfall", example 2: 100 invested ends at 0 in 10 % of cases, 80 in 30 %, 100 in 40 %, 150 in 20 %. Ten
// equally likely losses. Its printed table of ES: 5 % 100, 10 % 100, 20 % 60, 30 % 46.6, 40 % 40, 50 % 32, 60 % 26.6, 80 % 20, 90 % 12.2, 100 % 6.
const std::vector<double> printed{0, 20, -50, 0, 100, 20, 0, -50, 20, 0};

TEST(TailRisk, equals_the_printed_table_of_an_asymmetric_portfolio) {
    const std::vector<std::pair<std::uint32_t, double>> table{{500, 100},  {1000, 100},       {2000, 60}, {3000, 140.0 / 3}, {4000, 40}, {5000, 32},
                                                              {6000, 80.0 / 3}, {8000, 20}, {9000, 110.0 / 9}, {10000, 6}};
    for (const auto& [tail_bps, expected] : table) {
        const auto risk = tail_risk(printed, tail_bps);
        ASSERT_TRUE(risk.has_value());
        EXPECT_NEAR(risk->expected_shortfall, expected, 1e-12) << tail_bps;
    }
}

TEST(TailRisk, takes_the_tail_of_losses_and_not_of_gains) {
    std::vector<double> gains = printed;
    for (double& loss : gains) loss = -loss;
    // The other tail of the same series is 50 twice.
    EXPECT_DOUBLE_EQ(tail_risk(gains, 2000)->expected_shortfall, 50);
    EXPECT_DOUBLE_EQ(tail_risk(printed, 2000)->expected_shortfall, 60);
}

TEST(TailRisk, value_at_risk_is_the_kth_worst_and_the_rest_of_a_scenario_counts_by_its_fraction) {
    // 25 % of 10: two and a half scenarios, so the third worst. (100 + 20 + 0.5 x 20) / 2.5.
    const auto risk = tail_risk(printed, 2500);
    EXPECT_EQ(risk->rank, 3U);
    EXPECT_DOUBLE_EQ(risk->value_at_risk, 20);
    EXPECT_DOUBLE_EQ(risk->expected_shortfall, 52);
    // A mean of whole scenarios would say 46.7 or 60.
}

TEST(TailRisk, rank_is_an_integer_ceiling) {
    // In doubles 2000 x (1 - .99) is 20.000000000000018.
    EXPECT_EQ(tail_rank(2000, 100), 20U);
    EXPECT_EQ(tail_rank(2000, 250), 50U);
    EXPECT_EQ(tail_rank(1348, 100), 14U);
    EXPECT_EQ(tail_rank(1348, 250), 34U);
    EXPECT_EQ(tail_rank(1, 1), 1U);
    EXPECT_EQ(tail_rank(10, 10'000), 10U);
}

TEST(TailRisk, of_equal_losses_the_earlier_scenario_comes_first) {
    const auto members = tail_members(printed, 3000);
    ASSERT_EQ(members->size(), 3U);
    EXPECT_EQ((*members)[0].scenario, 4U);
    EXPECT_EQ((*members)[1].scenario, 1U);
    EXPECT_EQ((*members)[2].scenario, 5U);
}

TEST(TailRisk, refuses_what_has_no_tail) {
    EXPECT_EQ(tail_risk({}, 100).error().code, model::ErrorCode::missing);
    EXPECT_EQ(tail_risk(printed, 0).error().code, model::ErrorCode::out_of_range);
    EXPECT_EQ(tail_risk(printed, 10'001).error().code, model::ErrorCode::out_of_range);
    for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
        EXPECT_EQ(tail_risk(std::vector{1.0, bad}, 100).error().code, model::ErrorCode::out_of_range);
}

RC_GTEST_PROP(TailLaws, hold_for_every_series, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(1, 300);
    std::vector<double> a;
    std::vector<double> b;
    for (std::size_t i = 0; i < count; ++i) {
        a.push_back(*rc::gen::inRange(-1000, 1000) / 8.0);
        b.push_back(*rc::gen::inRange(-1000, 1000) / 8.0);
    }
    const auto tail_bps = *rc::gen::inRange<std::uint32_t>(1, 10'001);
    const TailRisk risk = *tail_risk(a, tail_bps);
    const auto members = *tail_members(a, tail_bps);
    double weights = 0;
    for (const TailMember& member : members) {
        RC_ASSERT(member.weight > 0);
        weights += member.weight;
    }
    RC_ASSERT(std::abs(weights - 1) < 1e-12);
    RC_ASSERT(risk.expected_shortfall >= risk.value_at_risk - 1e-9);
    RC_ASSERT(risk.expected_shortfall <= *std::max_element(a.begin(), a.end()) + 1e-9);
    // The same series twice is the same distribution.
    std::vector<double> twice = a;
    twice.insert(twice.end(), a.begin(), a.end());
    RC_ASSERT(std::abs(tail_risk(twice, tail_bps)->expected_shortfall - risk.expected_shortfall) < 1e-9);
    // Subadditive: together never more than alone.
    std::vector<double> both;
    for (std::size_t i = 0; i < count; ++i) both.push_back(a[i] + b[i]);
    RC_ASSERT(tail_risk(both, tail_bps)->expected_shortfall <= risk.expected_shortfall + tail_risk(b, tail_bps)->expected_shortfall + 1e-9);
}

}  // namespace
}  // namespace margind::risk::statistics
