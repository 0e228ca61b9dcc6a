// Normal and t distributions against tables of other programs, and Acerbi and Szekely's critical values.
#include "risk/statistics/moments.hpp"
#include "risk/statistics/normal.hpp"
#include "risk/statistics/shortfall_test.hpp"
#include "risk/statistics/student.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace margind::risk::statistics {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

TEST(Normal, quantiles_equal_those_of_another_program) {
    // mpmath 1.2.1 with 40 digits.
    EXPECT_NEAR(normal_quantile(0.01), -2.3263478740408411009, 1e-14);
    EXPECT_NEAR(normal_quantile(0.025), -1.9599639845400542355, 1e-14);
    EXPECT_NEAR(normal_quantile(1e-10), -6.3613409024040562047, 1e-13);
    EXPECT_NEAR(normal_quantile(1e-300), -37.047096299361199237, 1e-12);
    EXPECT_NEAR(normal_quantile(0.9999), 3.7190164854556805644, 1e-12);
    EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
    EXPECT_EQ(normal_quantile(0), -infinite);
    EXPECT_EQ(normal_quantile(1), infinite);
    EXPECT_TRUE(std::isnan(normal_quantile(-0.1)));
    EXPECT_TRUE(std::isnan(normal_quantile(1.1)));
}

TEST(Student, distribution_quantile_and_shortfall_equal_those_of_another_program) {
    // mpmath 1.2.1 with 30 digits; cdf at -2.5: scipy 1.10.1.
    struct Row {
        double degrees;
        double p;
        double quantile;
        double cdf;
    };
    for (const Row& row : {Row{3, 0.025, -3.1824463052837096, 0.04385332350403277}, Row{4.5, 0.01, -3.5270508906260925, 0.02995284325110027},
                           Row{30, 0.025, -2.042272456301238, 0.009057824534033353}, Row{2.2, 1e-6, -414.4436220504344, 0.059144996507042524}}) {
        EXPECT_NEAR(student_quantile(row.p, row.degrees) / row.quantile, 1, 1e-9) << row.degrees;
        EXPECT_NEAR(student_cdf(-2.5, row.degrees) / row.cdf, 1, 1e-12) << row.degrees;
        EXPECT_NEAR(student_cdf(2.5, row.degrees), 1 - row.cdf, 1e-14) << row.degrees;
    }
    EXPECT_NEAR(student_shortfall(0.025, 3), 5.0395830611134717, 1e-12);
    EXPECT_NEAR(student_shortfall(0.025, 5), 3.5215773317394272, 1e-12);
    EXPECT_NEAR(student_shortfall(0.025, infinite), 2.337802792201413, 1e-12);
}

TEST(AcerbiSzekely, critical_values_are_the_published_ones) {
    // Acerbi and Szekely, Backtesting expected shortfall (2014): T = 250, tail 2.5 %: about -0.70 at 5 % and -1.8 at 0.01 % for
    // distributions from normal to t with 3 degrees. Own simulation in Python for the margin-methods survey: -0.699 and -1.785
    // normal, -0.738 with 5 degrees, -0.815 with 3 (at 5 %).
    const auto normal = simulate_z2(infinite, 0.025, 250, 40'000, 1);
    EXPECT_NEAR(critical_value(normal, 0.05), -0.70, 0.02);
    EXPECT_NEAR(critical_value(normal, 0.0001), -1.80, 0.15);
    const auto five = simulate_z2(5, 0.025, 250, 20'000, 2);
    EXPECT_NEAR(critical_value(five, 0.05), -0.738, 0.02);
    const auto three = simulate_z2(3, 0.025, 250, 20'000, 3);
    EXPECT_NEAR(critical_value(three, 0.05), -0.815, 0.025);
    EXPECT_NEAR(p_value(three, critical_value(three, 0.05)), 0.05, 1e-3);
    EXPECT_EQ(simulate_z2(5, 0.025, 250, 100, 2), simulate_z2(5, 0.025, 250, 100, 2));
}

TEST(AcerbiSzekely, is_zero_for_expected_losses_and_negative_for_larger_ones) {
    // 40 days, tail 5 %: two breaches are expected. Each exactly as large as the shortfall: sum -1, + 1.
    std::vector<ShortfallForecast> days(40, {0.5, 2, 3});
    days[3].pnl = -3;
    days[20].pnl = -3;
    EXPECT_DOUBLE_EQ(*acerbi_szekely_z2(days, 0.05), 0);
    // At the value at risk itself nothing is broken.
    days[5].pnl = -2;
    EXPECT_DOUBLE_EQ(*acerbi_szekely_z2(days, 0.05), 0);
    days[20].pnl = -6;
    EXPECT_DOUBLE_EQ(*acerbi_szekely_z2(days, 0.05), -0.5);
    days[7].expected_shortfall = 0;
    EXPECT_EQ(acerbi_szekely_z2(days, 0.05).error().code, model::ErrorCode::out_of_range);
    EXPECT_EQ(acerbi_szekely_z2({}, 0.05).error().code, model::ErrorCode::missing);
}

TEST(FitStudent, tells_a_normal_sample_from_a_fat_tailed_one) {
    std::mt19937_64 generator(7);
    const auto uniform = [&] { return (static_cast<double>(generator() >> 11) + 0.5) * 0x1p-53; };
    std::vector<double> normal;
    std::vector<double> fat;
    for (int i = 0; i < 4000; ++i) {
        normal.push_back(2 * normal_quantile(uniform()));
        const double p = uniform();
        fat.push_back(p < 0.5 ? 0.1 * student_quantile(p, 4) : -0.1 * student_quantile(1 - p, 4));
    }
    const Student thin = *fit_student(normal);
    EXPECT_GT(thin.degrees, 40);
    EXPECT_NEAR(thin.scale, 2, 0.1);
    const Student thick = *fit_student(fat);
    EXPECT_NEAR(thick.degrees, 4, 0.5);
    EXPECT_NEAR(thick.scale, 0.1, 0.005);
    EXPECT_FALSE(fit_student(std::vector<double>(19, 1.0)).has_value());
    EXPECT_FALSE(fit_student(std::vector<double>(30, 0.0)).has_value());
}

TEST(CornishFisher, equals_a_published_case) {
    // R package Dowd 0.12, CornishFisherVaR(mu 3.2, sigma 5.6, skew 2, kurtosis 3, cl .9), printed: 4.145348.
    const CornishFisher expansion = cornish_fisher(0.1, 2, 0);
    EXPECT_NEAR(-5.6 * expansion.quantile - 3.2, 4.145348, 5e-7);
    // So skewed that it does not rise with probability: an alarm and no margin.
    EXPECT_FALSE(expansion.monotone);
    EXPECT_TRUE(cornish_fisher(0.01, 0, 0).monotone);
    EXPECT_DOUBLE_EQ(cornish_fisher(0.01, 0, 0).quantile, normal_quantile(0.01));
    EXPECT_TRUE(cornish_fisher(0.01, -0.5, 2).monotone);
    // What a sample of normal losses may show is no alarm; a strongly negative kurtosis bends the far tail back.
    EXPECT_TRUE(cornish_fisher(0.01, 0.05, -0.05).monotone);
    EXPECT_FALSE(cornish_fisher(0.01, 0, -1).monotone);
}

TEST(CornishFisher, is_monotone_exactly_where_it_says_so) {
    for (double skew = -3; skew <= 3; skew += 0.25) {
        for (double kurtosis = -1; kurtosis <= 12; kurtosis += 0.5) {
            bool rises = true;
            double last = -infinite;
            for (double z = -4.75; z <= 4.75; z += 0.025) {
                const double quantile = cornish_fisher(normal_cdf(std::min(z, -z)), z > 0 ? -skew : skew, kurtosis).quantile * (z > 0 ? -1 : 1);
                rises = rises && quantile >= last - 1e-9;
                last = quantile;
            }
            EXPECT_EQ(cornish_fisher(0.01, skew, kurtosis).monotone, rises) << skew << ' ' << kurtosis;
        }
    }
}

}  // namespace
}  // namespace margind::risk::statistics
