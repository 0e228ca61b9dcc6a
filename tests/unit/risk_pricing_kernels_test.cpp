// Vector kernels against each other to the last bit, and against the library's erfc.
#include "risk/pricing/black.hpp"
#include "risk/pricing/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace margind::risk::pricing {
namespace {

/// How many inputs of each function: 100,000, and what the long run says.
std::size_t inputs() {
    std::size_t count = 100'000;
    if (const char* text = std::getenv("MARGIND_KERNEL_INPUTS")) std::from_chars(text, text + std::strlen(text), count);
    return count;
}

/// No multiple of any width, so that rests are met.
constexpr std::size_t chunk = 4099;

class Random {
public:
    explicit Random(std::uint64_t seed) : generator_(seed) {}
    double between(double low, double high) { return low + (high - low) * static_cast<double>(generator_() >> 11) * 0x1p-53; }
    std::vector<double> values(double low, double high) {
        std::vector<double> result(chunk);
        for (double& value : result) value = between(low, high);
        return result;
    }

private:
    std::mt19937_64 generator_;
};

struct Grid {
    explicit Grid(Random& random)
        : factor(chunk), log_factor(random.values(-3, 3)), vol_factor(random.values(0, 3)),
          option{call_or_put(random), random.between(0.001, 100'000), 0, random.between(0, 3), random.between(0, 2), 1} {
        option.strike = option.forward * std::exp(random.between(-3, 3));
        for (std::size_t i = 0; i < chunk; ++i) factor[i] = std::exp(log_factor[i]);
        // Expired, and at the money in the first state.
        if (random.between(0, 1) < 0.1) option.vol = 0;
        if (random.between(0, 1) < 0.1) {
            option.strike = option.forward;
            factor[0] = 1;
            log_factor[0] = 0;
        }
    }
    static model::OptionKind call_or_put(Random& random) { return random.between(0, 1) < 0.5 ? model::OptionKind::call : model::OptionKind::put; }

    std::vector<double> run(const Kernels& kernels, double scale, double base) const {
        std::vector<double> out(chunk, 1.0);
        BlackStates states;
        states.forward = option.forward;
        states.strike = option.strike;
        states.log_moneyness = std::log(option.forward / option.strike);
        states.deviation = option.vol * std::sqrt(option.years);
        states.call = option.kind == model::OptionKind::call;
        states.scale = scale;
        states.base = base;
        states.factor = factor.data();
        states.log_factor = log_factor.data();
        states.vol_factor = vol_factor.data();
        states.out = out.data();
        states.count = chunk;
        kernels.add_black(states);
        return out;
    }

    std::vector<double> factor;
    std::vector<double> log_factor;
    std::vector<double> vol_factor;
    BlackOption option;
};

std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

void expect_same_bits(const std::vector<double>& a, const std::vector<double>& b, const std::vector<double>& inputs_of) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
        ASSERT_EQ(bits(a[i]), bits(b[i])) << i << ": " << inputs_of[i] << " gives " << a[i] << " and " << b[i];
}

TEST(Kernels, both_vector_widths_give_the_same_bits) {
    const Kernels* narrow = kernels_of(Width::avx2);
    const Kernels* wide = kernels_of(Width::avx512);
    if (!narrow || !wide) GTEST_SKIP() << "this processor has " << kernel_name() << " and no wider kernels";
    Random random(1);
    for (std::size_t done = 0; done < inputs(); done += chunk) {
        for (const auto& [low, high] : {std::pair(-745.0, 709.0), std::pair(-2.0, 2.0)}) {
            const std::vector<double> x = random.values(low, high);
            std::vector<double> a(chunk);
            std::vector<double> b(chunk);
            narrow->exp(x.data(), a.data(), chunk);
            wide->exp(x.data(), b.data(), chunk);
            ASSERT_NO_FATAL_FAILURE(expect_same_bits(a, b, x));
            ASSERT_EQ(bits(narrow->lane_sum(x.data(), chunk)), bits(wide->lane_sum(x.data(), chunk)));
        }
        const std::vector<double> x = random.values(-6, 30);
        std::vector<double> a(chunk);
        std::vector<double> b(chunk);
        narrow->erfc(x.data(), a.data(), chunk);
        wide->erfc(x.data(), b.data(), chunk);
        ASSERT_NO_FATAL_FAILURE(expect_same_bits(a, b, x));
        const Grid grid(random);
        ASSERT_NO_FATAL_FAILURE(expect_same_bits(grid.run(*narrow, -3.7, 12.5), grid.run(*wide, -3.7, 12.5), grid.factor));
    }
}

class EachWidth : public ::testing::TestWithParam<Width> {};

TEST_P(EachWidth, is_within_1e_12_of_the_scalar_value) {
    const Kernels* kernels = kernels_of(GetParam());
    if (!kernels) GTEST_SKIP() << "this processor lacks the width";
    Random random(2);
    for (int round = 0; round < 20; ++round) {
        const Grid grid(random);
        const std::vector<double> values = grid.run(*kernels, 1, 0);
        for (std::size_t i = 0; i < chunk; ++i) {
            BlackOption option = grid.option;
            option.forward *= grid.factor[i];
            option.vol *= grid.vol_factor[i];
            ASSERT_NEAR(values[i] - 1, black_value(option), 1e-12 * (option.forward + option.strike + 1)) << i;
        }
    }
}

TEST_P(EachWidth, functions_are_those_of_the_library) {
    const Kernels* kernels = kernels_of(GetParam());
    if (!kernels) GTEST_SKIP() << "this processor lacks the width";
    Random random(3);
    std::vector<double> x = random.values(-6, 20);
    std::vector<double> out(chunk);
    kernels->erfc(x.data(), out.data(), chunk);
    for (std::size_t i = 0; i < chunk; ++i) ASSERT_NEAR(out[i], std::erfc(x[i]), 1e-13 * std::min(1.0, std::erfc(x[i]) * 10)) << x[i];
    x = random.values(-700, 700);
    kernels->exp(x.data(), out.data(), chunk);
    for (std::size_t i = 0; i < chunk; ++i) ASSERT_NEAR(out[i] / std::exp(x[i]), 1, 1e-15) << x[i];
    // Sums of small integers are exact in any order; the order itself is told by what is lost.
    for (std::size_t i = 0; i < chunk; ++i) x[i] = static_cast<double>(i % 17) - 8;
    double sum = 0;
    for (const double value : x) sum += value;
    EXPECT_EQ(kernels->lane_sum(x.data(), chunk), sum);
    EXPECT_EQ(kernels->lane_sum(x.data(), 3), -21);
    EXPECT_EQ(kernels->lane_sum(x.data(), 0), 0);
    // 1e16 and -1e16 meet in the first step when they stand in lanes 1 and 5, after the 1 of lane 3 is lost in one where they do not.
    const std::vector<double> far{0, 1e16, 0, 1, 0, -1e16, 0, 0};
    const std::vector<double> apart{0, 1e16, 0, 1, 0, 0, 0, -1e16};
    EXPECT_EQ(kernels->lane_sum(far.data(), 8), 1);
    EXPECT_EQ(kernels->lane_sum(apart.data(), 8), 0);
}

TEST_P(EachWidth, a_long_option_never_loses_more_than_its_value) {
    const Kernels* kernels = kernels_of(GetParam());
    if (!kernels) GTEST_SKIP() << "this processor lacks the width";
    Random random(4);
    for (int round = 0; round < 20; ++round) {
        const Grid grid(random);
        const double now = black_value(grid.option);
        for (const double pnl : grid.run(*kernels, 1, now)) ASSERT_GE(pnl - 1, -now * (1 + 1e-12) - 1e-12);
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, EachWidth, ::testing::Values(Width::portable, Width::avx2, Width::avx512));

TEST(Kernels, names_the_one_that_runs) {
    const Kernels* widest = kernels_of(Width::avx512);
    if (!widest) widest = kernels_of(Width::avx2);
    if (!widest) widest = kernels_of(Width::portable);
    EXPECT_STREQ(kernel_name(), widest->name);
}

}  // namespace
}  // namespace margind::risk::pricing
