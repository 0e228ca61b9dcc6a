// Smallest actions: closed forms of a linear account, exactness of the amount, order and feasibility.
#include "risk/planning.hpp"

#include "tests/support/linear_rule.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace margind::risk {
namespace {

using namespace model;
using testing::LinearAccount;
using Kind = LinearAccount::Kind;

constexpr std::int64_t e8 = 100'000'000;

I256 units(std::int64_t milli) { return *checked_mul(I256{milli}, *I256::from(U256::pow10(15))); }

PriceInput input(const std::string& label, std::int64_t price_e8) {
    return {LinearAccount::underlying_of(label), label, PriceRole::oracle, U256{static_cast<std::uint64_t>(price_e8)}, 8};
}

Market market_of() {
    Market market;
    market.market_sigma_24h = 0.03;
    market.assets[{"ETH"}] = {0.04, 1.1, 0.012, 0.18, 1000};
    market.assets[{"USDC"}] = {0.0005, 0.0, 0.0005, 0.05, 1000};
    return market;
}

ReferencePrice reference(const std::string& asset, std::int64_t price_e8) {
    ReferencePrice price;
    price.asset = {asset};
    price.chain = ChainId{1};
    price.source = "test";
    price.raw = price_e8;
    price.decimals = 8;
    price.deviation_ppm = 2500;
    return price;
}

/// 10 ETH at 2000, LT 80 %, against 15000 USDC: liquidatable below 1875.
LinearAccount lender(std::int64_t debt_milli = 15'000'000) {
    return LinearAccount({}, {input("ETH", 2000 * e8), input("USDC", e8)},
                         {{Kind::supply, "ETH", 0, units(10'000), 0, 8000, 7500},
                          {Kind::debt, "USDC", 1, units(debt_milli), 0, 0, 0}});
}

struct Planning : ::testing::Test {
    Market market = market_of();
    Policy policy;
    std::vector<ReferencePrice> prices{reference("ETH", 2000 * e8), reference("USDC", e8)};
    Valuation valuation{prices};
    Goal goal(double z) { return Goal{market, policy, prices, ChainId{1}, z}; }
    std::vector<Action> plan(const PreparedAccount& account, double z) {
        return smallest_actions(account, goal(z), valuation, 100);
    }
};

TEST_F(Planning, amounts_equal_the_closed_form) {
    const LinearAccount account = lender();
    const std::vector<Action> actions = plan(account, 3);
    ASSERT_EQ(actions.size(), 2U);
    // At P = 2000 e^{-0.12}: repay D - 8 P; deposit D / (0.8 P) - 10.
    const double target = 2000 * std::exp(-0.12);
    for (const Action& action : actions) {
        const double amount = action.amount_raw.to_double() / 1e18;
        const double expected = action.verb == Verb::repay ? 15'000 - 8 * target : 15'000 / (0.8 * target) - 10;
        EXPECT_NEAR(amount / expected, 1, 1e-6) << to_string(action.verb);
        EXPECT_EQ(action.valid_until_block, 150U);
        EXPECT_NEAR(action.h_after, std::exp(0.12), 1e-6);
        EXPECT_EQ(action.target_z, 3);
    }
    EXPECT_EQ(actions[0].verb, Verb::repay);
    EXPECT_LE(actions[0].amount_usd, actions[1].amount_usd);
    EXPECT_NEAR(actions[0].n_after.to_double(), 20'000 - 15'000 + actions[0].amount_usd, 1e-3);
    EXPECT_NEAR(actions[0].m_after.to_double(), 4000, 1e-3);
}

TEST_F(Planning, one_unit_less_does_not_reach_it_and_the_amount_does) {
    for (std::int64_t k = 0; k < 12; ++k) {
        const LinearAccount account = lender(14'500'000 + 123'457 * k);
        for (const double z : {3.0, 3.6})
            for (const Action& action : plan(account, z)) {
                const auto exact = account.with({action.verb, action.asset, action.amount_raw});
                const auto less = account.with({action.verb, action.asset, *checked_sub(action.amount_raw, 1)});
                ASSERT_TRUE(exact && less);
                EXPECT_TRUE(reaches(**exact, goal(z)));
                EXPECT_FALSE(reaches(**less, goal(z)));
                const Result<Distances> found = distances(**exact, market, policy, prices, ChainId{1});
                ASSERT_TRUE(found);
                EXPECT_GE(found->candidates.front().z, z);
                EXPECT_NEAR(found->candidates.front().z, z, 1e-4);
                EXPECT_EQ(action.h_after, found->candidates.front().h);
                EXPECT_EQ(action.n_after, (*exact)->at((*exact)->current())->equity);
            }
    }
}

TEST_F(Planning, nothing_to_do_is_empty) { EXPECT_TRUE(plan(lender(8'000'000), 3).empty()); }

TEST_F(Planning, an_option_that_cannot_reach_it_in_full_is_left_out) {
    // Two debts: repaying the small one does not help; deposits of ETH or repaying the large one do.
    const LinearAccount account({}, {input("ETH", 2000 * e8), input("USDC", e8), input("USDC.small", e8)},
                                {{Kind::supply, "ETH", 0, units(10'000), 0, 8000, 7500},
                                 {Kind::debt, "USDC", 1, units(15'000'000), 0, 0, 0},
                                 {Kind::debt, "USDC.small", 2, units(10'000), 0, 0, 0}});
    const std::vector<Action> actions = plan(account, 3);
    ASSERT_EQ(actions.size(), 2U);
    for (const Action& action : actions) EXPECT_NE(action.label, "USDC.small");
}

TEST_F(Planning, reduces_a_short) {
    // 400 of cash, short 1 ETH at 2000, maintenance 6.25 %.
    const LinearAccount account({}, {input("USD", e8), input("ETH", 2000 * e8)},
                                {{Kind::supply, "USD", 0, units(250'000), 0, 10'000, 10'000},
                                 {Kind::perp, "ETH", 1, units(-1000), 2000 * e8, 9375, 9000}});
    const std::vector<Action> actions = plan(account, 3);
    ASSERT_EQ(actions.size(), 2U);
    const double target = 2000 * std::exp(0.12);
    for (const Action& action : actions) {
        if (action.verb != Verb::reduce) continue;
        // 250 = q (target - 2000) + 0.0625 q target.
        const double keep = 250 / (target - 2000 + 0.0625 * target);
        EXPECT_NEAR(action.amount_raw.to_double() / 1e18, 1 - keep, 1e-6);
    }
}

TEST_F(Planning, a_coarse_feed_asks_for_more_than_z) {
    for (ReferencePrice& price : prices)
        if (price.asset.symbol == "ETH") price.deviation_ppm = 100'000;
    const std::vector<Action> actions = plan(lender(), 3);
    ASSERT_FALSE(actions.empty());
    // Room of 2 x 10 %.
    EXPECT_NEAR(actions[0].h_after, 1 / 0.8, 1e-6);
}

TEST_F(Planning, a_coarse_feed_counts_upwards_too) {
    for (ReferencePrice& price : prices)
        if (price.asset.symbol == "ETH") price.deviation_ppm = 100'000;
    const LinearAccount account({}, {input("USD", e8), input("ETH", 2000 * e8)},
                                {{Kind::supply, "USD", 0, units(250'000), 0, 10'000, 10'000},
                                 {Kind::perp, "ETH", 1, units(-1000), 2000 * e8, 9375, 9000}});
    const std::vector<Action> actions = plan(account, 3);
    ASSERT_FALSE(actions.empty());
    for (const Action& action : actions) EXPECT_NEAR(action.h_after, 1.2, 1e-6);
}

/// Liquidatable between 1890 and 1930 less a cent for each unit deposited, and nowhere else.
class WindowAccount : public LinearAccount {
public:
    explicit WindowAccount(const U256& deposited = {})
        : LinearAccount({}, {input("ETH", 2000 * e8)}, {{Kind::supply, "ETH", 0, units(1000), 0, 8000, 7500}}), deposited_(deposited) {}
    std::optional<Enclosure> between(const State&, const State&) const override { return std::nullopt; }
    Result<Standing> at(const State& state) const override {
        Result<Standing> standing = LinearAccount::at(state);
        const U256 top = *checked_sub(U256{1930 * e8}, *checked_mul(deposited_, 1'000'000));
        if (standing) standing->liquidatable = state.prices[0] >= U256{1890 * e8} && state.prices[0] <= top;
        return standing;
    }
    std::vector<AdjustmentOption> options() const override {
        std::vector<AdjustmentOption> options = LinearAccount::options();
        options[0].max_raw = U256{10'000};
        return options;
    }
    Result<std::unique_ptr<PreparedAccount>> with(const Adjustment& adjustment) const override {
        return std::unique_ptr<PreparedAccount>(std::make_unique<WindowAccount>(adjustment.amount_raw));
    }

private:
    U256 deposited_;
};

TEST_F(Planning, steps_before_the_target_count) {
    // The target, 1774, is beyond the window; a step of the scan is within it: 2000 e^{-2 x ln 20 / 125} = 1906.3.
    const WindowAccount account;
    const std::vector<Action> actions = plan(account, 3);
    ASSERT_EQ(actions.size(), 1U);
    const double step = 2000 * std::exp(-2 * std::log(20.0) / 125);
    EXPECT_EQ(actions[0].amount_raw, U256{static_cast<std::uint64_t>((1930 - step) * 100) + 1});
}

TEST_F(Planning, without_a_reference_price_the_venues_own_counts) {
    prices.clear();
    valuation = Valuation(prices);
    const std::vector<Action> actions = plan(lender(), 3);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_NEAR(actions[0].amount_usd, 15'000 - 16'000 * std::exp(-0.12), 1e-3);
}

}  // namespace
}  // namespace margind::risk
