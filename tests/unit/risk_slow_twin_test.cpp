// Pricing and statistics against an independent slow implementation: plain loops in long double, written from the formulas alone.
#include "risk/parallel.hpp"
#include "risk/pricing/instrument.hpp"
#include "risk/statistics/coverage.hpp"
#include "risk/statistics/covariance.hpp"
#include "risk/statistics/ewma.hpp"
#include "risk/statistics/garch.hpp"
#include "risk/statistics/moments.hpp"
#include "risk/statistics/shortfall_test.hpp"
#include "risk/statistics/tail.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace margind::risk {
namespace {

using Long = long double;
using model::OptionKind;
constexpr int books = 10'000;

class Random {
public:
    explicit Random(std::uint64_t seed) : generator_(seed) {}
    double between(double low, double high) { return low + (high - low) * static_cast<double>(generator_() >> 11) * 0x1p-53; }
    int below(int count) { return static_cast<int>(generator_() % static_cast<std::uint64_t>(count)); }

private:
    std::mt19937_64 generator_;
};

/// One underlying's states and what is held of it.
struct Book {
    std::vector<double> factor;
    std::vector<double> log_factor;
    std::vector<double> vol_factor;
    std::vector<double> basis;
    double days = 0;
    std::vector<pricing::Instrument> held;

    pricing::Moves moves() const { return {factor, log_factor, vol_factor, basis, days}; }
};

Book random_book(Random& random) {
    Book book;
    const bool with_basis = random.below(2) == 0;
    const int states = 1 + random.below(13);
    for (int i = 0; i < states; ++i) {
        book.factor.push_back(std::exp(random.between(-2, 1.8)));
        book.log_factor.push_back(std::log(book.factor.back()));
        book.vol_factor.push_back(random.between(0, 2.5));
        if (with_basis) book.basis.push_back(random.between(-0.05, 0.05));
    }
    book.days = random.below(2) * random.between(0, 5);
    const double spot = std::exp(random.between(-3, 11));
    const int count = random.below(7);
    for (int i = 0; i < count; ++i) {
        const double quantity = random.between(-100, 100) / spot;
        switch (random.below(5)) {
            case 0: book.held.push_back(pricing::Holding{quantity, spot, random.between(0.5, 2), random.between(-1e-3, 1e-3)}); break;
            case 1:
                book.held.push_back(
                    pricing::LinearPerp{quantity, spot, random.between(-0.02, 0.02), spot * random.between(0.5, 2), random.between(-1e-3, 1e-3)});
                break;
            case 2:
                book.held.push_back(pricing::InversePerp{random.between(-100, 100), spot, random.between(-0.02, 0.02), spot * random.between(0.5, 2),
                                                         random.between(-1e-3, 1e-3)});
                break;
            default: {
                const OptionKind kind = random.below(2) == 0 ? OptionKind::call : OptionKind::put;
                const double strike = spot * std::exp(random.between(-1.5, 1.5));
                pricing::Option option{quantity, kind, spot, random.between(-0.05, 0.05), strike, random.between(0, 1), random.between(0, 2),
                                       random.between(0, 0.1)};
                if (random.below(3) == 0)
                    option.smile = pricing::Svi{random.between(0, 0.1), random.between(0, 0.5), random.between(-0.9, 0.9), random.between(-0.3, 0.3),
                                                random.between(0.05, 0.5)};
                book.held.push_back(option);
            }
        }
    }
    return book;
}

Long twin_black(OptionKind kind, Long forward, Long strike, Long deviation) {
    if (deviation == 0) return std::max(0.0L, kind == OptionKind::call ? forward - strike : strike - forward);
    const auto phi = [](Long x) { return 0.5L * std::erfc(-x / std::sqrt(2.0L)); };
    const Long d1 = (std::log(forward / strike) + deviation * deviation / 2) / deviation;
    const Long d2 = d1 - deviation;
    if (kind == OptionKind::call) return forward * phi(d1) - strike * phi(d2);
    return strike * phi(-d2) - forward * phi(-d1);
}

/// Value of one instrument where its spot, basis and vol have moved and days have passed.
struct TwinValue {
    Long factor;
    Long basis_move;
    Long vol_factor;
    Long days;

    Long operator()(const pricing::Holding& one) const { return Long{one.quantity} * one.rate * one.spot * factor * (1 + one.growth * days); }
    Long operator()(const pricing::LinearPerp& one) const {
        const Long mark = one.spot * factor * (1 + one.basis + basis_move);
        return one.quantity * (mark - one.entry) + one.quantity * mark * one.funding * days;
    }
    Long operator()(const pricing::InversePerp& one) const {
        const Long spot = one.spot * factor;
        const Long mark = spot * (1 + one.basis + basis_move);
        return spot * (one.contracts / Long{one.entry} - one.contracts / mark + one.contracts * one.funding * days / mark);
    }
    Long operator()(const pricing::Option& one) const {
        const Long forward = one.spot * factor * (1 + one.basis + basis_move);
        const Long left = std::max(0.0L, one.years - days / 365);
        Long vol = one.vol;
        if (one.smile) {
            const pricing::Svi& slice = *one.smile;
            const Long k = std::log(one.strike / forward);
            vol = std::sqrt((slice.a + slice.b * (slice.rho * (k - slice.m) + std::hypot(k - slice.m, Long{slice.sigma}))) / one.years);
        }
        return one.quantity * std::exp(-one.rate * left) * twin_black(one.kind, forward, one.strike, vol * vol_factor * std::sqrt(left));
    }
};

std::vector<double> pnl_of(const Book& book) {
    std::vector<double> out(book.factor.size());
    for (const pricing::Instrument& one : book.held) pricing::add_pnl(one, book.moves(), 1, out);
    return out;
}

TEST(SlowTwin, agrees_on_the_pnl_of_random_books) {
    Random random(20'261);
    for (int round = 0; round < books; ++round) {
        const Book book = random_book(random);
        const std::vector<double> fast = pnl_of(book);
        for (std::size_t i = 0; i < fast.size(); ++i) {
            Long slow = 0;
            Long size = 1;
            for (const pricing::Instrument& one : book.held) {
                const Long now = std::visit(TwinValue{1, 0, 1, 0}, one);
                const Long basis_move = book.basis.empty() ? 0 : book.basis[i];
                const Long then = std::visit(TwinValue{book.factor[i], basis_move, book.vol_factor[i], book.days}, one);
                slow += then - now;
                size += std::abs(then) + std::abs(now);
            }
            ASSERT_NEAR(fast[i], static_cast<double>(slow), 1e-9 * static_cast<double>(size)) << "book " << round << ", state " << i;
        }
    }
}

TEST(SlowTwin, the_same_bits_twice_and_on_two_threads) {
    const auto all = [](unsigned threads) {
        Random random(20'262);
        std::vector<Book> rows;
        for (int i = 0; i < 500; ++i) rows.push_back(random_book(random));
        std::vector<std::vector<double>> results(rows.size());
        for_each_row(rows.size(), threads, [&](std::size_t i) { results[i] = pnl_of(rows[i]); });
        return results;
    };
    const auto first = all(1);
    EXPECT_EQ(first, all(1));
    EXPECT_EQ(first, all(2));
}

std::vector<double> random_series(Random& random, int least, int most) {
    std::vector<double> series(static_cast<std::size_t>(least + random.below(most - least)));
    // Fat tails, and values that repeat.
    for (double& value : series) value = random.below(10) == 0 ? random.below(5) - 2 : std::pow(random.between(-1, 1), 3) * random.between(1, 20);
    return series;
}

TEST(SlowTwin, agrees_on_tails) {
    Random random(20'263);
    for (int round = 0; round < books; ++round) {
        const std::vector<double> losses = random_series(random, 1, 120);
        const auto tail_bps = static_cast<std::uint32_t>(1 + random.below(10'000));
        // Each loss stands for a piece [i/N, (i+1)/N] of probability, worst first; the tail is [0, a].
        std::vector<double> sorted = losses;
        std::sort(sorted.rbegin(), sorted.rend());
        const Long tail = tail_bps / 10'000.0L;
        const auto count = static_cast<Long>(sorted.size());
        Long sum = 0;
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            const Long from = static_cast<Long>(i) / count;
            const Long to = std::min(tail, static_cast<Long>(i + 1) / count);
            if (to > from) sum += (to - from) * sorted[i];
        }
        const auto risk = statistics::tail_risk(losses, tail_bps);
        ASSERT_TRUE(risk.has_value());
        ASSERT_NEAR(risk->expected_shortfall, static_cast<double>(sum / tail), 1e-9) << round;
        // Fewer than k losses are larger, and at least k are as large: k by repeated addition.
        std::size_t rank = 0;
        while (rank * 10'000 < losses.size() * tail_bps) ++rank;
        ASSERT_EQ(risk->value_at_risk, sorted[rank - 1]) << round;
    }
}

TEST(SlowTwin, agrees_on_tests_of_value_at_risk) {
    Random random(20'264);
    for (int round = 0; round < books; ++round) {
        const double tail = random.between(0.005, 0.2);
        const double stick = random.between(0, 0.6);
        std::vector<bool> breaches;
        std::vector<statistics::ShortfallForecast> days;
        Long z2 = 0;
        const int count = 50 + random.below(250);
        Long pairs[2][2] = {};
        Long hits = 0;
        for (int i = 0; i < count; ++i) {
            const bool hit = random.between(0, 1) < (i > 0 && breaches.back() ? stick : tail);
            if (i > 0) ++pairs[breaches.back() ? 1 : 0][hit ? 1 : 0];
            breaches.push_back(hit);
            hits += hit ? 1 : 0;
            const double var = random.between(1, 3);
            days.push_back({hit ? -var * random.between(1.01, 3) : var * random.between(-0.99, 2), var, var * 1.2});
            if (hit) z2 += days.back().pnl / (Long{days.back().expected_shortfall} * count * tail);
        }
        const auto likelihood = [](Long yes, Long no, Long p) { return (yes > 0 ? yes * std::log(p) : 0) + (no > 0 ? no * std::log(1 - p) : 0); };
        const auto ratio = [](Long part, Long rest) { return part + rest > 0 ? part / (part + rest) : 0; };
        const Long pof = 2 * (likelihood(hits, count - hits, hits / count) - likelihood(hits, count - hits, tail));
        const auto own = [&](const Long(&row)[2]) { return likelihood(row[1], row[0], ratio(row[1], row[0])); };
        const Long free = own(pairs[0]) + own(pairs[1]);
        const Long yes = pairs[0][1] + pairs[1][1];
        const Long no = pairs[0][0] + pairs[1][0];
        const Long independence = 2 * (free - likelihood(yes, no, ratio(yes, no)));
        const auto observed = statistics::kupiec(static_cast<std::size_t>(count), static_cast<std::size_t>(hits), tail);
        ASSERT_NEAR(observed.statistic, static_cast<double>(pof), 1e-9);
        ASSERT_NEAR(statistics::christoffersen_coverage(breaches, tail).statistic, static_cast<double>(pof + independence), 1e-9);
        ASSERT_NEAR(*statistics::acerbi_szekely_z2(days, tail), static_cast<double>(z2 + 1), 1e-9);
    }
}

TEST(SlowTwin, agrees_on_volatility_and_moments) {
    Random random(20'265);
    for (int round = 0; round < books; ++round) {
        const std::vector<double> returns = random_series(random, 20, 80);
        const double lambda = random.between(0.8, 0.99);
        // v = start lambda^n + (1 - lambda) sum of lambda^(n - 1 - i) r_i^2, not by recursion.
        constexpr std::size_t warm_up = 10;
        Long start = 0;
        for (std::size_t i = 0; i < warm_up; ++i) start += Long{returns[i]} * returns[i] / warm_up;
        const std::size_t count = returns.size() - warm_up;
        Long variance = start * std::pow(Long{lambda}, static_cast<Long>(count));
        for (std::size_t i = 0; i < count; ++i)
            variance += (1 - Long{lambda}) * std::pow(Long{lambda}, static_cast<Long>(count - 1 - i)) * returns[warm_up + i] * returns[warm_up + i];
        ASSERT_NEAR(statistics::ewma(returns, lambda, warm_up)->now(), static_cast<double>(std::sqrt(variance)), 1e-9);

        const statistics::Garch model{random.between(-0.1, 0.1), random.between(0.01, 1), random.between(0, 0.3), random.between(0, 0.6)};
        Long filtered = random.between(0.1, 2);
        const std::vector<double> variances = statistics::garch_filter(model, returns, static_cast<double>(filtered));
        for (const double value : returns)
            filtered = model.omega + model.alpha * (Long{value} - model.mean) * (Long{value} - model.mean) + model.beta * filtered;
        ASSERT_NEAR(variances.back() / static_cast<double>(filtered), 1, 1e-9);

        Long mean = 0;
        for (const double value : returns) mean += value / static_cast<Long>(returns.size());
        Long power[5] = {};
        for (const double value : returns)
            for (int k = 2; k < 5; ++k) power[k] += std::pow(value - mean, static_cast<Long>(k)) / static_cast<Long>(returns.size());
        const auto moments = statistics::moments(returns);
        ASSERT_TRUE(moments.has_value());
        ASSERT_NEAR(moments->deviation, static_cast<double>(std::sqrt(power[2])), 1e-9);
        ASSERT_NEAR(moments->skew, static_cast<double>(power[3] / std::pow(power[2], 1.5L)), 1e-9);
        ASSERT_NEAR(moments->excess_kurtosis, static_cast<double>(power[4] / (power[2] * power[2]) - 3), 1e-9);
    }
}

TEST(SlowTwin, agrees_on_shrunk_covariance) {
    Random random(20'266);
    for (int round = 0; round < books; ++round) {
        constexpr std::size_t factors = 3;
        const auto count = static_cast<std::size_t>(4 + random.below(8));
        statistics::Matrix days(count, factors);
        for (double& value : days.values) value = random.between(-1, 1);
        Long x[16][factors];
        for (std::size_t j = 0; j < factors; ++j) {
            Long mean = 0;
            for (std::size_t t = 0; t < count; ++t) mean += days(t, j) / static_cast<Long>(count);
            for (std::size_t t = 0; t < count; ++t) x[t][j] = days(t, j) - mean;
        }
        Long s[factors][factors] = {};
        for (std::size_t t = 0; t < count; ++t)
            for (std::size_t i = 0; i < factors; ++i)
                for (std::size_t j = 0; j < factors; ++j) s[i][j] += x[t][i] * x[t][j] / static_cast<Long>(count);
        const Long mean_variance = (s[0][0] + s[1][1] + s[2][2]) / 3;
        // phi = (1/T^2) sum over the days of ||x x' - S||^2, and the distance to the target.
        Long phi = 0;
        for (std::size_t t = 0; t < count; ++t)
            for (std::size_t i = 0; i < factors; ++i)
                for (std::size_t j = 0; j < factors; ++j) phi += std::pow(x[t][i] * x[t][j] - s[i][j], 2.0L);
        phi /= static_cast<Long>(count * count);
        Long distance = 0;
        for (std::size_t i = 0; i < factors; ++i)
            for (std::size_t j = 0; j < factors; ++j) distance += std::pow(s[i][j] - (i == j ? mean_variance : 0), 2.0L);
        const Long shrinkage = std::min(1.0L, phi / distance);
        const auto fast = statistics::ledoit_wolf(days, statistics::ShrinkageTarget::identity);
        ASSERT_TRUE(fast.has_value());
        ASSERT_NEAR(fast->shrinkage, static_cast<double>(shrinkage), 1e-9);
        for (std::size_t i = 0; i < factors; ++i)
            for (std::size_t j = 0; j < factors; ++j)
                ASSERT_NEAR(fast->covariance(i, j), static_cast<double>((1 - shrinkage) * s[i][j] + (i == j ? shrinkage * mean_variance : 0)), 1e-9);
    }
}

}  // namespace
}  // namespace margind::risk
