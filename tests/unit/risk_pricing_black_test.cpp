// Black-76 against Haug's printed tables, against quadrature, and by the laws of options.
#include "risk/pricing/black.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

namespace margind::risk::pricing {
namespace {

using model::OptionKind;
constexpr OptionKind call = OptionKind::call;
constexpr OptionKind put = OptionKind::put;

/// Haug's rows give spot, dividend yield and rate; the forward is spot x e^((r - q) t).
struct Row {
    OptionKind kind;
    double strike;
    double spot;
    double yield;
    double rate;
    double years;
    double vol;
    double printed;
};

BlackOption option_of(const Row& row) {
    return {row.kind, row.spot * std::exp((row.rate - row.yield) * row.years), row.strike, row.vol, row.years, std::exp(-row.rate * row.years)};
}

TEST(Black, reproduces_the_printed_values) {
    // E. G. Haug, Option Pricing Formulas (1998): pages 2 to 8 (Black-Scholes, Merton, Black-76 at 19, Garman-Kohlhagen, generalised), the table
    // of futures options on page 24, page 27; as listed in QuantLib's test-suite/europeanoption.cpp.
    std::vector<Row> rows{{call, 65, 60, 0, .08, .25, .30, 2.1334},   {put, 95, 100, .05, .10, .50, .20, 2.4648},
                          {put, 19, 19, .10, .10, .75, .28, 1.7011},  {call, 19, 19, .10, .10, .75, .28, 1.7011},
                          {call, 1.60, 1.56, .08, .06, .50, .12, .0291}, {put, 70, 75, .05, .10, .50, .35, 4.0870},
                          {call, 40, 42, .08, .04, .75, .35, 5.0975}};
    // Page 24: F 90, 100, 110 in turn, X = 100, r = 10 %.
    const std::array<std::array<double, 9>, 4> table{{{.0205, 1.8734, 9.9413, .3150, 3.1217, 10.3556, .9474, 4.3693, 11.1381},
                                                      {.8069, 4.0232, 10.5769, 2.7026, 6.6997, 12.7857, 4.9329, 9.3679, 15.3086},
                                                      {9.9210, 1.8734, .0408, 10.2155, 3.1217, .4551, 10.8479, 4.3693, 1.2376},
                                                      {10.3192, 4.0232, 1.0646, 12.2149, 6.6997, 3.2734, 14.4452, 9.3679, 5.7963}}};
    for (std::size_t block = 0; block < table.size(); ++block)
        for (std::size_t i = 0; i < table[block].size(); ++i)
            rows.push_back({block < 2 ? call : put, 100, 90.0 + 10 * static_cast<double>(i % 3), .10, .10, block % 2 == 0 ? .10 : .50,
                            .15 + .10 * static_cast<double>(i / 3), table[block][i]});
    ASSERT_EQ(rows.size(), 43U);
    for (const Row& row : rows) EXPECT_NEAR(black_value(option_of(row)), row.printed, 1e-4) << row.strike << ' ' << row.spot << ' ' << row.vol;
}

TEST(Black, reproduces_the_printed_greeks) {
    // Haug 1998, pages 11 to 16. His delta and gamma are by spot: ours by forward times e^((r - q) t), once and twice.
    const auto carry = [](const Row& row) { return std::exp((row.rate - row.yield) * row.years); };
    for (const Row& row : {Row{call, 100, 105, .10, .10, .5, .36, .5946}, Row{put, 100, 105, .10, .10, .5, .36, -.3566}})
        EXPECT_NEAR(black_greeks(option_of(row)).delta * carry(row), row.printed, 1e-4);
    for (const OptionKind kind : {call, put}) {
        const Row row{kind, 60, 55, 0, .10, .75, .30, .0278};
        EXPECT_NEAR(black_greeks(option_of(row)).gamma * carry(row) * carry(row), row.printed, 1e-4);
        EXPECT_NEAR(black_greeks(option_of(row)).vega, 18.9358, 1e-4);
    }
    // Theta at a given spot: the forward comes down at r - q as time passes.
    const Row row{put, 405, 430, .05, .07, 1.0 / 12, .20, -31.1924};
    const BlackGreeks greeks = black_greeks(option_of(row));
    EXPECT_NEAR(greeks.theta - greeks.delta * option_of(row).forward * (row.rate - row.yield), row.printed, 1e-4);
}

TEST(Black, equals_the_payoff_integrated_over_the_lognormal_density) {
    for (const OptionKind kind : {call, put}) {
        for (const double strike : {40.0, 80.0, 100.0, 130.0, 250.0}) {
            const double s = 0.8 * std::sqrt(0.4);
            // Simpson's rule over 16 standard deviations, split at the payoff's kink.
            const double kink = (std::log(strike / 100) + s * s / 2) / s;
            double sum = 0;
            for (const auto& [from, to] : {std::pair(-16.0, kink), std::pair(kink, 16.0)}) {
                constexpr int steps = 2000;
                for (int i = 0; i <= steps; ++i) {
                    const double z = from + (to - from) * i / steps;
                    const double price = 100 * std::exp(s * z - s * s / 2);
                    const double payoff = std::max(0.0, kind == call ? price - strike : strike - price);
                    const double weight = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2;
                    sum += weight * payoff * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi) * (to - from) / steps / 3;
                }
            }
            EXPECT_NEAR(black_value({kind, 100, strike, 0.8, 0.4, 0.97}), 0.97 * sum, 1e-8) << strike;
        }
    }
}

TEST(Black, obeys_the_laws_of_options) {
    std::mt19937_64 generator(3);
    const auto between = [&](double low, double high) { return low + (high - low) * static_cast<double>(generator() >> 11) * 0x1p-53; };
    for (int i = 0; i < 20'000; ++i) {
        BlackOption option{call, between(1, 5000), 0, between(0, 3), between(0, 2), between(0.7, 1)};
        option.strike = option.forward * std::exp(between(-2, 2));
        BlackOption other = option;
        other.kind = put;
        const double c = black_value(option);
        const double p = black_value(other);
        // call - put - forward = 0.
        ASSERT_NEAR(c - p, option.discount * (option.forward - option.strike), 1e-12 * (option.forward + option.strike));
        ASSERT_GE(c, option.discount * std::max(0.0, option.forward - option.strike));
        ASSERT_GE(p, option.discount * std::max(0.0, option.strike - option.forward));
        ASSERT_LE(c, option.discount * option.forward * (1 + 1e-12));
        ASSERT_LE(p, option.discount * option.strike * (1 + 1e-12));
        // Monotone and convex in the forward, increasing in vol.
        const auto at = [&](double factor) {
            BlackOption moved = option;
            moved.forward *= factor;
            return black_value(moved);
        };
        const double tolerance = 1e-11 * (option.forward + option.strike);
        ASSERT_LE(at(0.99), c + tolerance);
        ASSERT_GE(at(1.01), c - tolerance);
        ASSERT_GE(at(0.99) + at(1.01), 2 * c - tolerance);
        BlackOption calmer = option;
        calmer.vol *= 0.9;
        ASSERT_LE(black_value(calmer), c + tolerance);
    }
}

TEST(Black, greeks_are_the_derivatives_of_the_value) {
    for (const OptionKind kind : {call, put}) {
        for (const double strike : {70.0, 100.0, 120.0}) {
            const BlackOption option{kind, 100, strike, 0.6, 0.3, 0.98};
            const BlackGreeks greeks = black_greeks(option);
            const auto difference = [&](double BlackOption::*field, double step) {
                BlackOption up = option;
                BlackOption down = option;
                up.*field += step;
                down.*field -= step;
                return (black_value(up) - black_value(down)) / (2 * step);
            };
            EXPECT_NEAR(greeks.delta, difference(&BlackOption::forward, 1e-3), 1e-8);
            EXPECT_NEAR(greeks.vega, difference(&BlackOption::vol, 1e-5), 1e-6);
            BlackOption up = option;
            BlackOption down = option;
            up.forward += 1e-3;
            down.forward -= 1e-3;
            EXPECT_NEAR(greeks.gamma, (black_greeks(up).delta - black_greeks(down).delta) / 2e-3, 1e-8);
            const double rate = -std::log(option.discount) / option.years;
            const auto later = [&](double passed) {
                BlackOption moved = option;
                moved.years -= passed;
                moved.discount = std::exp(-rate * moved.years);
                return black_value(moved);
            };
            EXPECT_NEAR(greeks.theta, (later(1e-5) - later(-1e-5)) / 2e-5, 1e-5);
        }
    }
    EXPECT_DOUBLE_EQ(black_greeks({call, 110, 100, 0.5, 0, 1}).delta, 1);
    EXPECT_DOUBLE_EQ(black_greeks({put, 110, 100, 0.5, 0, 1}).delta, 0);
    EXPECT_DOUBLE_EQ(black_greeks({put, 90, 100, 0, 1, 0.9}).delta, -0.9);
}

}  // namespace
}  // namespace margind::risk::pricing
