// Parametric, SIMM-style and reliability figures against closed forms, published cases and simulation.
#include "risk/crosschecks/alarms.hpp"
#include "risk/crosschecks/form.hpp"
#include "risk/crosschecks/parametric.hpp"
#include "risk/crosschecks/simm.hpp"
#include "risk/statistics/normal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

namespace margind::risk::crosschecks {
namespace {

using statistics::Matrix;

Matrix matrix(std::size_t size, std::vector<double> values) {
    Matrix result(size, size);
    result.values = std::move(values);
    return result;
}

const Matrix independent = matrix(2, {1, 0, 0, 1});

class Random {
public:
    explicit Random(std::uint64_t seed) : generator_(seed) {}
    double normal() { return statistics::normal_quantile((static_cast<double>(generator_() >> 11) + 0.5) * 0x1p-53); }

private:
    std::mt19937_64 generator_;
};

TEST(DeltaGamma, pure_delta_is_a_normal_and_pure_gamma_a_chi_squared) {
    // d'Od for 3 and -1 with variances .04, .09 and covariance .03: .36 - .18 + .09 = .27.
    const auto linear = delta_gamma(std::vector{3.0, -1.0}, std::vector{0.0, 0.0}, matrix(2, {.04, .03, .03, .09}), 100);
    ASSERT_TRUE(linear.has_value());
    EXPECT_NEAR(linear->normal_var, 2.3263478740408408 * std::sqrt(.27), 1e-12);
    EXPECT_NEAR(linear->cornish_fisher_var, linear->normal_var, 1e-12);
    EXPECT_TRUE(linear->monotone);
    // -x^2 of a standard normal x: chi-squared with 1 degree has mean 1, variance 2, skew sqrt(8), excess kurtosis 12.
    const auto short_gamma = delta_gamma(std::vector{0.0}, std::vector{-2.0}, matrix(1, {1}), 100);
    EXPECT_DOUBLE_EQ(short_gamma->moments.mean, -1);
    EXPECT_NEAR(short_gamma->moments.deviation, std::sqrt(2.0), 1e-12);
    EXPECT_NEAR(short_gamma->moments.skew, -std::sqrt(8.0), 1e-12);
    EXPECT_NEAR(short_gamma->moments.excess_kurtosis, 12, 1e-12);
    EXPECT_FALSE(delta_gamma(std::vector{0.0}, std::vector{0.0}, matrix(1, {1}), 100).has_value());
    EXPECT_FALSE(delta_gamma(std::vector{1.0}, std::vector{0.0}, independent, 100).has_value());
    EXPECT_FALSE(delta_gamma(std::vector{1.0}, std::vector{0.0}, matrix(1, {1}), 0).has_value());
}

TEST(DeltaGamma, moments_are_those_of_a_simulation) {
    const std::vector<double> deltas{1, -0.5};
    const std::vector<double> gammas{-1.5, 0.8};
    const double rho = 0.6;
    const auto closed = delta_gamma(deltas, gammas, matrix(2, {1, rho, rho, 1}), 100);
    Random random(1);
    std::vector<double> pnl;
    for (int i = 0; i < 200'000; ++i) {
        const double a = random.normal();
        const double b = rho * a + std::sqrt(1 - rho * rho) * random.normal();
        pnl.push_back(deltas[0] * a + deltas[1] * b + gammas[0] * a * a / 2 + gammas[1] * b * b / 2);
    }
    const auto sampled = statistics::moments(pnl);
    EXPECT_NEAR(closed->moments.mean, sampled->mean, 0.02);
    EXPECT_NEAR(closed->moments.deviation / sampled->deviation, 1, 0.01);
    EXPECT_NEAR(closed->moments.skew, sampled->skew, 0.1);
    EXPECT_NEAR(closed->moments.excess_kurtosis / sampled->excess_kurtosis, 1, 0.1);
}

TEST(Simm, delta_and_curvature_by_hand) {
    SimmParameters ten_days;
    ten_days.horizon_days = 14;
    // 68 % of 100 and of -50 at correlation .5: sqrt(68^2 - 68 x 34 + 34^2).
    const std::vector<SimmSensitivity> linear{{100, {}}, {-50, {}}};
    const auto two = simm_margin(linear, matrix(2, {1, .5, .5, 1}), ten_days);
    ASSERT_TRUE(two.has_value());
    EXPECT_NEAR(two->delta, std::sqrt(68.0 * 68 - 68 * 34 + 34 * 34), 1e-12);
    EXPECT_DOUBLE_EQ(two->vega, 0);
    EXPECT_DOUBLE_EQ(two->curvature, 0);
    // Short options: vega x vol -200 at 28 days, SF = .25: C = 50, theta 0, lambda 2.5758^2 - 1; vega .55 x .74 x 200.
    const std::vector<SimmVega> short_vega{{-200, 28}};
    const std::vector<SimmSensitivity> written{{0, short_vega}};
    const auto options = simm_margin(written, matrix(1, {1}), ten_days);
    EXPECT_NEAR(options->vega, .55 * .74 * 200, 1e-12);
    EXPECT_NEAR(options->curvature, 50 + 50 * (2.5758293035489004 * 2.5758293035489004 - 1), 1e-9);
    // Bought ones gain from any large move.
    const std::vector<SimmVega> long_vega{{200, 28}};
    EXPECT_NEAR(simm_margin(std::vector<SimmSensitivity>{{0, long_vega}}, matrix(1, {1}), ten_days)->curvature, 0, 1e-12);
    EXPECT_FALSE(simm_margin(linear, matrix(1, {1}), ten_days).has_value());
}

TEST(Simm, a_day_is_less_than_ten_and_a_large_position_weighs_more) {
    const std::vector<SimmSensitivity> book{{100, {}}};
    const Matrix one = matrix(1, {1});
    SimmParameters parameters;
    EXPECT_NEAR(simm_margin(book, one, parameters)->delta, 68 / std::sqrt(14.0), 1e-12);
    parameters.concentration_usd = 25;
    EXPECT_NEAR(simm_margin(book, one, parameters)->delta, 2 * 68 / std::sqrt(14.0), 1e-12);
}

LimitState limit(double (*g)(double, double)) {
    return [g](std::span<const double> x) -> model::Result<double> { return g(x[0], x[1]); };
}

TEST(Form, a_plane_has_its_distance) {
    // R - S with R ~ N(200, 10) and S ~ N(100, 20): beta = 100 / sqrt(500) = 4.472136, 3.872108e-6, alpha .4472 and .8944, both at 180 (package
    // LimitState for R, its first example).
    const auto found = most_likely_breach(limit([](double r, double s) { return (200 + r) - (100 + s); }), matrix(2, {100, 0, 0, 400}));
    ASSERT_TRUE(found.has_value());
    EXPECT_NEAR(found->beta, 4.472136, 5e-7);
    EXPECT_NEAR(found->probability, 3.872108e-06, 5e-12);
    EXPECT_NEAR(200 + found->x[0], 180, 1e-5);
    EXPECT_NEAR(100 + found->x[1], 180, 1e-5);
    EXPECT_NEAR(found->importance[0], 0.2, 1e-6);
    EXPECT_NEAR(found->importance[1], 0.8, 1e-6);
}

TEST(Form, correlation_is_part_of_the_distance) {
    // 10 - x - y: variance of the sum 1 + 4 + 2 x .5 x 2 = 7.
    const auto found = most_likely_breach(limit([](double x, double y) { return 10 - x - y; }), matrix(2, {1, 1, 1, 4}));
    ASSERT_TRUE(found.has_value());
    EXPECT_NEAR(found->beta, 10 / std::sqrt(7.0), 1e-6);
    EXPECT_NEAR(found->x[0] + found->x[1], 10, 1e-5);
    // The most likely point is O a / (a'Oa) x 10.
    EXPECT_NEAR(found->x[0], 10 * 2 / 7.0, 1e-5);
}

TEST(Form, finds_the_published_points_of_curved_limits) {
    // x1^3 + x2^3 - 18, both N(10, 5): beta 2.2401 (Choi, Grandhi and Canfield, Reliability-based structural design, 2007; plain HL-RF crawls).
    const auto cubic = most_likely_breach(
        limit([](double a, double b) { return std::pow(10 + 5 * a, 3) + std::pow(10 + 5 * b, 3) - 18; }), independent);
    ASSERT_TRUE(cubic.has_value());
    EXPECT_NEAR(cubic->beta, 2.2401, 5e-5);
    EXPECT_NEAR(cubic->x[0], -1.584, 5e-4);
    EXPECT_NEAR(cubic->x[1], -1.584, 5e-4);
    // 5 - x2 - .5 (x1 - .1)^2 has two: (-2.741, .965) at 2.906 and (2.916, 1.036) at 3.094 (Der Kiureghian and Dakessian, Structural Safety
    // 20, 1998). The nearer one counts.
    const auto parabola = most_likely_breach(limit([](double a, double b) { return 5 - b - 0.5 * (a - 0.1) * (a - 0.1); }), independent);
    ASSERT_TRUE(parabola.has_value());
    EXPECT_NEAR(parabola->beta, 2.906, 5e-4);
    EXPECT_NEAR(parabola->x[0], -2.741, 5e-4);
    EXPECT_NEAR(parabola->x[1], 0.965, 5e-4);
    // 3 - u1 u2 (Rackwitz 2006, example 6): sqrt(6), by symmetry at (sqrt(3), sqrt(3)) or its opposite.
    const auto saddle = most_likely_breach(limit([](double a, double b) { return 3 - a * b; }), independent);
    ASSERT_TRUE(saddle.has_value());
    EXPECT_NEAR(saddle->beta, std::sqrt(6.0), 1e-6);
}

TEST(Form, says_when_nothing_is_near_or_all_is_lost) {
    EXPECT_EQ(most_likely_breach(limit([](double, double) { return 1.0; }), independent).error().code, model::ErrorCode::missing);
    EXPECT_EQ(most_likely_breach(limit([](double a, double) { return 50 - a; }), independent).error().code, model::ErrorCode::missing);
    const auto lost = most_likely_breach(limit([](double a, double) { return a - 1; }), independent);
    EXPECT_EQ(lost->beta, 0);
    EXPECT_EQ(lost->probability, 1);
    EXPECT_FALSE(most_likely_breach(limit([](double a, double) { return 1 - a; }), matrix(2, {1, 2, 2, 1})).has_value());
    const LimitState broken = [](std::span<const double>) -> model::Result<double> { return model::fail(model::ErrorCode::missing, "no price"); };
    EXPECT_EQ(most_likely_breach(broken, independent).error().message, "no price");
}

TEST(TailAlarm, is_silent_on_a_normal_book_and_speaks_on_short_gamma) {
    Random random(2);
    std::vector<double> linear;
    std::vector<double> short_gamma;
    for (int i = 0; i < 2000; ++i) {
        const double x = random.normal();
        linear.push_back(-x);
        short_gamma.push_back(x * x);
    }
    const auto calm = tail_alarm(linear, 100);
    ASSERT_TRUE(calm.has_value());
    EXPECT_EQ(calm->alarm, "");
    EXPECT_NEAR(calm->normal_var, 2.326, 0.15);
    const auto bent = tail_alarm(short_gamma, 100);
    EXPECT_NE(bent->alarm, "");
    EXPECT_FALSE(tail_alarm({}, 100).has_value());
    EXPECT_FALSE(tail_alarm(linear, 10'000).has_value());
}

TEST(VolatilityCheck, speaks_when_garch_and_ewma_part) {
    // A GARCH path with quick return to its level, then one shock: EWMA holds it for weeks, GARCH lets go.
    Random random(3);
    std::vector<double> returns;
    double variance = 1e-4;
    for (int i = 0; i < 1500; ++i) {
        returns.push_back(std::sqrt(variance) * random.normal());
        variance = 5e-5 + 0.2 * returns.back() * returns.back() + 0.3 * variance;
    }
    const auto calm = volatility_check(returns, 0.97, 60, 0.35);
    ASSERT_TRUE(calm.has_value());
    EXPECT_EQ(calm->alarm, "");
    EXPECT_NEAR(calm->long_run, 0.01, 0.001);
    EXPECT_LT(calm->half_life, 5);
    returns.push_back(0.12);
    for (int i = 0; i < 12; ++i) returns.push_back(0.01 * random.normal());
    const auto apart = volatility_check(returns, 0.97, 60, 0.35);
    EXPECT_GT(apart->ewma, apart->garch);
    EXPECT_NE(apart->alarm.find("EWMA"), std::string::npos) << apart->alarm;
}

}  // namespace
}  // namespace margind::risk::crosschecks
