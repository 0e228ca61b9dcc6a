// EWMA, GARCH and moments against published cases.
#include "risk/statistics/ewma.hpp"
#include "risk/statistics/garch.hpp"
#include "risk/statistics/moments.hpp"
#include "risk/statistics/student.hpp"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

namespace margind::risk::statistics {
namespace {

std::vector<double> marks_to_pounds() {
    std::ifstream file(MARGIND_SOURCE_DIR "/tests/unit/data/dem2gbp.txt");
    std::vector<double> returns;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        double value = 0;
        std::from_chars(line.data(), line.data() + line.size(), value);
        returns.push_back(value);
    }
    return returns;
}

TEST(Garch, filters_as_published) {
    // QuantLib, test-suite/garch.cpp, testCalculation: alpha .2, beta .3, long-run variance .4, ten returns of .1, the first square as
    // the start; volatilities to 1e-6.
    const std::array published{0.452769, 0.513323, 0.530141, 0.5350841, 0.536558, 0.536999, 0.537132, 0.537171, 0.537183, 0.537187};
    const Garch model{0, 0.4 * (1 - 0.2 - 0.3), 0.2, 0.3};
    EXPECT_DOUBLE_EQ(model.long_run_variance(), 0.4);
    const std::vector<double> variances = garch_filter(model, std::vector<double>(10, 0.1), 0.1 * 0.1);
    ASSERT_EQ(variances.size(), 11U);
    for (std::size_t i = 0; i < published.size(); ++i) EXPECT_NEAR(std::sqrt(variances[i + 1]), published[i], 1e-6) << i;
}

TEST(Garch, fit_is_the_published_benchmark) {
    // Fiorentini, Calzolari and Panattoni, Analytic derivatives and the computation of GARCH estimates, Journal of Applied Econometrics 11
    // (1996): mu -0.00619041, omega 0.0107613, alpha 0.153134, beta 0.805974 on the returns of Bollerslev and Ghysels.
    const std::vector<double> returns = marks_to_pounds();
    ASSERT_EQ(returns.size(), 1974U);
    const auto fit = fit_garch(returns);
    ASSERT_TRUE(fit.has_value());
    EXPECT_NEAR(fit->model.mean, -0.00619041, 1e-6);
    EXPECT_NEAR(fit->model.omega, 0.0107613, 1e-6);
    EXPECT_NEAR(fit->model.alpha, 0.153134, 1e-5);
    EXPECT_NEAR(fit->model.beta, 0.805974, 1e-5);
    // The likelihood and the last variance at those figures, recomputed in Python (numpy): -1106.6078810439362, 0.14699224640130187.
    EXPECT_NEAR(fit->log_likelihood, -1106.60788104, 1e-6);
    ASSERT_EQ(fit->variances.size(), 1975U);
    EXPECT_NEAR(fit->variances.back(), 0.14699225, 1e-6);
}

TEST(Garch, refuses_what_it_cannot_fit) {
    EXPECT_EQ(fit_garch(std::vector<double>(99, 0.1)).error().code, model::ErrorCode::missing);
    EXPECT_EQ(fit_garch(std::vector<double>(100, 0.1)).error().code, model::ErrorCode::out_of_range);
    std::vector<double> bad(100, 0.1);
    bad[7] = std::nan("");
    EXPECT_EQ(fit_garch(bad).error().code, model::ErrorCode::out_of_range);
}

TEST(Student, tail_of_a_published_series_is_fitted_as_by_another_program) {
    // scipy 1.10.1, scipy.stats.t.fit(returns, floc=0): 2.994769 degrees, scale 0.3037996.
    const auto tail = fit_student(marks_to_pounds());
    ASSERT_TRUE(tail.has_value());
    EXPECT_NEAR(tail->degrees, 2.994769, 1e-3);
    EXPECT_NEAR(tail->scale, 0.3037996, 1e-4);
}

TEST(Moments, are_those_of_another_program) {
    // numpy and scipy 1.10.1 on the same series: mean, skew, excess kurtosis.
    const auto result = moments(marks_to_pounds());
    ASSERT_TRUE(result.has_value());
    EXPECT_NEAR(result->mean, -0.016426786782315097, 1e-9);
    EXPECT_NEAR(result->skew, -0.24951415750244627, 1e-6);
    EXPECT_NEAR(result->excess_kurtosis, 3.6276540587738344, 1e-6);
    EXPECT_FALSE(moments({}).has_value());
    EXPECT_FALSE(moments(std::vector{2.0, 2.0}).has_value());
}

TEST(Ewma, weighs_by_hand) {
    // Start (4 + 16) / 2 = 10; then 0.5 x 10 + 0.5 x 36 = 23 and 0.5 x 23 + 0.5 x 1 = 12; median of sqrt(23) and sqrt(12).
    const auto filter = ewma(std::vector{2.0, -4.0, 6.0, -1.0}, 0.5, 2);
    ASSERT_TRUE(filter.has_value());
    ASSERT_EQ(filter->forecast.size(), 3U);
    EXPECT_DOUBLE_EQ(filter->forecast[0], std::sqrt(10.0));
    EXPECT_DOUBLE_EQ(filter->forecast[1], std::sqrt(23.0));
    EXPECT_DOUBLE_EQ(filter->now(), std::sqrt(12.0));
    EXPECT_DOUBLE_EQ(filter->median, (std::sqrt(23.0) + std::sqrt(12.0)) / 2);
    EXPECT_DOUBLE_EQ(filter->floored(), filter->median);
}

TEST(Ewma, floor_holds_in_quiet_times_alone) {
    std::vector<double> returns(200, 0.03);
    returns.insert(returns.end(), 100, 0.001);
    const auto quiet = ewma(returns, 0.97, 60);
    EXPECT_LT(quiet->now(), 0.01);
    EXPECT_NEAR(quiet->floored(), 0.03, 1e-12);
    returns.insert(returns.end(), 20, 0.1);
    const auto loud = ewma(returns, 0.97, 60);
    EXPECT_DOUBLE_EQ(loud->floored(), loud->now());
    EXPECT_GT(loud->now(), 0.06);
    EXPECT_EQ(ewma(std::vector<double>(60, 0.1), 0.97, 60).error().code, model::ErrorCode::missing);
    EXPECT_EQ(ewma(std::vector{0.1, std::nan("")}, 0.97, 1).error().code, model::ErrorCode::out_of_range);
}

}  // namespace
}  // namespace margind::risk::statistics
