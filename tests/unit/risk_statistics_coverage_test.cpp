// Tests of value at risk against published tables.
#include "risk/statistics/coverage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace margind::risk::statistics {
namespace {

TEST(Kupiec, regions_are_those_of_the_published_table) {
    // Kupiec 1995 as tabulated in Jorion, Value at Risk, "Model backtesting, 95 % nonrejection test confidence regions": the numbers
    // between which N must lie, exclusively. The table leaves out the lower bound of 255 days at 1 % (N < 7).
    struct Cell {
        std::size_t days;
        double tail;
        std::size_t above;
        std::size_t below;
    };
    const std::vector<Cell> table{{255, .01, 0, 7},    {510, .01, 1, 11},    {1000, .01, 4, 17},   {255, .025, 2, 12},  {510, .025, 6, 21},
                                  {1000, .025, 15, 36}, {255, .05, 6, 21},   {510, .05, 16, 36},   {1000, .05, 37, 65}, {255, .075, 11, 28},
                                  {510, .075, 27, 51},  {1000, .075, 59, 92}, {255, .1, 16, 36},   {510, .1, 38, 65},   {1000, .1, 81, 120}};
    for (const Cell& cell : table) {
        const auto region = kupiec_region(cell.days, cell.tail, 0.05);
        ASSERT_TRUE(region.has_value());
        EXPECT_EQ(region->low, cell.above + 1) << cell.days << ' ' << cell.tail;
        EXPECT_EQ(region->high, cell.below - 1) << cell.days << ' ' << cell.tail;
    }
}

TEST(Kupiec, no_breach_and_only_breaches_have_a_figure) {
    // -2 T ln(1 - p) and -2 T ln(p).
    EXPECT_NEAR(kupiec(250, 0, .01).statistic, -500 * std::log(.99), 1e-12);
    EXPECT_NEAR(kupiec(250, 250, .01).statistic, -500 * std::log(.01), 1e-9);
    EXPECT_DOUBLE_EQ(kupiec(100, 1, .01).statistic, 0);
    EXPECT_DOUBLE_EQ(kupiec(100, 1, .01).p_value, 1);
}

TEST(Christoffersen, equals_a_published_case) {
    // MathWorks, Risk Management Toolbox, varbacktest.cc: 1,043 days, 57 breaches of VaR 95 %, 932, 53, 53 and 4 transitions; POF 0.46147
    // (p 0.49694), independence 0.25866 (p 0.61104), conditional coverage 0.72013 (p 0.69763).
    std::vector<bool> breaches;
    const auto add = [&](std::size_t count, bool breach) { breaches.insert(breaches.end(), count, breach); };
    // 53 runs of breaches, of which one has 5 days, so 4 pairs follow each other; a quiet day before, between and after.
    add(20, false);
    add(5, true);
    for (int i = 0; i < 52; ++i) {
        add(18, false);
        add(1, true);
    }
    add(1043 - breaches.size(), false);
    const Transitions pairs = transitions(breaches);
    ASSERT_EQ((std::array{pairs.n00, pairs.n01, pairs.n10, pairs.n11}), (std::array<std::size_t, 4>{932, 53, 53, 4}));
    const LikelihoodRatio independence = christoffersen_independence(pairs);
    EXPECT_NEAR(independence.statistic, 0.25866, 5e-6);
    EXPECT_NEAR(independence.p_value, 0.61104, 5e-6);
    const LikelihoodRatio frequency = kupiec(1043, 57, .05);
    EXPECT_NEAR(frequency.statistic, 0.46147, 5e-6);
    EXPECT_NEAR(frequency.p_value, 0.49694, 5e-6);
    const LikelihoodRatio both = christoffersen_coverage(breaches, .05);
    EXPECT_NEAR(both.statistic, 0.72013, 1e-5);
    EXPECT_NEAR(both.p_value, 0.69763, 5e-6);
}

TEST(Christoffersen, clustered_breaches_are_rejected_and_spread_ones_are_not) {
    std::vector<bool> clustered(1000, false);
    std::vector<bool> spread(1000, false);
    for (std::size_t i = 0; i < 10; ++i) {
        clustered[500 + i] = true;
        spread[50 + 100 * i] = true;
    }
    EXPECT_LT(christoffersen_independence(transitions(clustered)).p_value, 1e-6);
    EXPECT_GT(christoffersen_independence(transitions(spread)).p_value, 0.5);
    EXPECT_LT(christoffersen_coverage(clustered, .01).p_value, 1e-6);
    EXPECT_GT(christoffersen_coverage(spread, .01).p_value, 0.5);
}

TEST(Basel, cumulative_probabilities_zones_and_plus_factors_are_the_committees) {
    // Basel Committee, Supervisory framework for the use of "backtesting" (1996), table 2: cumulative probability in percent and
    // the increase of the multiplier, by the number of exceptions in 250 days at 99 %.
    const std::array cumulative{8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97, 99.99};
    const std::array plus{0.0, 0.0, 0.0, 0.0, 0.0, 0.40, 0.50, 0.65, 0.75, 0.85, 1.00};
    for (std::size_t breaches = 0; breaches < cumulative.size(); ++breaches) {
        EXPECT_NEAR(100 * binomial_cdf(breaches, 250, .01), cumulative[breaches], 0.005) << breaches;
        EXPECT_DOUBLE_EQ(basel_plus_factor(breaches), plus[breaches]);
        const BaselZone expected = breaches < 5 ? BaselZone::green : breaches < 10 ? BaselZone::yellow : BaselZone::red;
        EXPECT_EQ(basel_zone(breaches, 250, .01), expected) << breaches;
    }
    EXPECT_DOUBLE_EQ(basel_plus_factor(40), 1);
}

}  // namespace
}  // namespace margind::risk::statistics
