// The cross-checks of a report on a book whose every figure can be worked out by hand.
#include "tests/support/paper_book.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace margind::risk {
namespace {

using model::AssetId;

/// 3 % up and down in turn, at a sigma of 3 % then and now.
model::Past past_of_threes() {
    model::PastMoves past;
    model::PastSeries& series = past.assets[AssetId{"BTC"}];
    for (std::int64_t i = 0; i < 1400; ++i) {
        past.end_hours.push_back(400'000 + 13 * i);
        series.returns.push_back(i % 2 == 0 ? 3000 : -3000);
        series.sigmas.push_back(3000);
    }
    for (std::int64_t i = 0; i < 250; ++i) {
        past.stressed_end_hours.push_back(400'000 + 24 * i);
        past.stressed_factor.push_back(i % 2 == 0 ? 10'000 : -10'000);
        past.stressed[AssetId{"BTC"}].push_back(past.stressed_factor.back());
    }
    return model::Past(std::move(past));
}

/// One coin at 100 against 80 dollars owed: N = p - 80, M = .01 (p + 80).
testing::PaperBook loan() {
    testing::PaperBook book;
    book.usd = {{"BTC", 100}};
    model::AssetCalibration row;
    row.sigma_24h = row.ewma_24h = row.sigma_floor = 0.03;
    row.beta = 1;
    row.range = 0.18;
    book.market.assets[AssetId{"BTC"}] = row;
    book.market.market_sigma_24h = 0.03;
    book.market.market_range = 0.18;
    book.market.past = past_of_threes();
    book.holders = {{"paper", "USD", {{model::Instrument::spot, "BTC", 1}, {model::Instrument::debt, "USD", -80}}}};
    return book;
}

TEST(CrossChecks, are_what_their_formulas_say_of_one_loan) {
    const auto unified = loan().unify();
    ASSERT_TRUE(unified) << unified.error().message;
    ASSERT_TRUE(unified->cross_checks) << unified->cross_checks.error().message;
    const model::CrossChecks& checks = *unified->cross_checks;
    // The 99 % quantile of the normal distribution is 2.326348; the deviation of the logs is 3 % of 100 dollars.
    EXPECT_NEAR(checks.parametric_var_usd, 2.326348 * 3, 1e-4);
    EXPECT_NEAR(checks.cornish_fisher_var_usd, 2.326348 * 3, 1e-4) << "no gamma, no bend";
    EXPECT_TRUE(checks.monotone);
    EXPECT_FALSE(checks.repaired);
    // Commodity bucket 16: 68 % over 14 days, by the root for one.
    EXPECT_NEAR(checks.simm_usd, 100 * 0.68 / std::sqrt(14.0), 1e-6);
    // 100 (e^.03 - 1) and 100 (e^-.03 - 1): mean .045003, deviation 3.000450.
    EXPECT_NEAR(checks.paths_normal_var_usd, 2.326348 * 3.000450 - 0.045003, 1e-4);
    // N = M at p = 80.8 / .99.
    const double log_breach = std::log(80.8 / 0.99 / 100);
    ASSERT_TRUE(checks.breach_beta) << checks.breach_reason;
    EXPECT_NEAR(*checks.breach_beta, -log_breach / 0.03, 1e-4);
    EXPECT_NEAR(*checks.breach_probability, 0.5 * std::erfc(-log_breach / 0.03 / std::sqrt(2.0)), 1e-9);
    ASSERT_EQ(checks.breach.size(), 1U);
    EXPECT_EQ(checks.breach[0].asset, AssetId{"BTC"});
    EXPECT_NEAR(checks.breach[0].move, 80.8 / 0.99 / 100 - 1, 1e-6);
    EXPECT_NEAR(checks.breach[0].importance, 1, 1e-12);
    // Historical VaR is 100 (1 - e^-.03) = 2.96: two-point moves have no tail, and both checks say that a normal differs.
    EXPECT_EQ(checks.alarms.size(), 2U);
}

TEST(CrossChecks, name_what_they_cannot_know) {
    testing::PaperBook still = loan();
    still.holders[0].positions.push_back({model::Instrument::perp, "BTC", -1});
    const auto neutral = still.unify();
    ASSERT_TRUE(neutral) << neutral.error().message;
    ASSERT_FALSE(neutral->cross_checks) << "what does not move has no value at risk";
    testing::PaperBook young = loan();
    young.market.past = model::Past();
    const auto unknown = young.unify();
    ASSERT_TRUE(unknown) << unknown.error().message;
    ASSERT_FALSE(unknown->cross_checks);
    EXPECT_NE(unknown->cross_checks.error().message.find("unknown(history)"), std::string::npos) << unknown->cross_checks.error().message;
    testing::PaperBook rich = loan();
    rich.holders[0].positions[1].quantity = 80;
    const auto safe = rich.unify();
    ASSERT_TRUE(safe->cross_checks) << safe->cross_checks.error().message;
    EXPECT_FALSE(safe->cross_checks->breach_beta);
    EXPECT_FALSE(safe->cross_checks->breach_reason.empty());
}

}  // namespace
}  // namespace margind::risk
