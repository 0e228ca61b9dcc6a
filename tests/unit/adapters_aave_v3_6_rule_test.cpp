// The Aave V3.6 rule on facts made by hand; the exact comparison with the contracts is a functional test.
#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/legs.hpp"
#include "adapters/protocols/aave_v3/line.hpp"
#include "adapters/protocols/aave_v3/rule.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <functional>

namespace margind::adapters::protocols::aave_v3 {
namespace {

using model::ErrorCode;
using model::FactsPtr;
using model::I256;
using model::State;
using model::U256;
using model::Verb;

constexpr std::uint64_t block_time = 1'767'232'800;

U256 number(std::string_view digits) { return *U256::from_decimal(digits); }

model::Address token(unsigned id) {
    model::Address address;
    address.bytes[19] = std::byte(id + 1);
    return address;
}

struct Market {
    const char* symbol = "";
    unsigned decimals = 18;
    std::uint64_t price = 0;
    std::uint64_t ltv = 0;
    std::uint64_t threshold = 0;
    std::uint64_t bonus = 0;
    bool paused = false;
    std::uint64_t grace_until = 0;
    std::uint64_t protocol_fee = 0;
};

struct Holding {
    unsigned id = 0;
    std::string supply = "0";
    std::string debt = "0";
};

/// One account of a 3.6 pool whose indices are 1.
struct Pool {
    std::array<Market, 4> markets{{{"WETH", 18, 300'000'000'000, 8000, 8250, 10500},
                                   {"WBTC", 8, 6'000'000'000'000, 7000, 7500, 10600},
                                   {"USDC", 6, 100'000'000, 7700, 8000, 10450},
                                   {"DAI", 18, 100'000'000, 0, 0, 0}}};
    std::uint64_t revision = 10;
    std::optional<Line> line = Line::v3_6;
    std::vector<Holding> held;
    std::uint64_t emode = 0;
    /// Of category 2: 97 %, 97.5 %, 1 %.
    unsigned collateral_bitmap = 0;
    unsigned ltvzero_bitmap = 0;
    /// Of WETH, where it grows against something.
    std::optional<model::UnitRatio> ratio;

    FactsPtr venue() const {
        model::FactsBuilder facts{std::string(venue_schema)};
        facts.add("chain_id", U256(1));
        facts.add("block_time", U256(block_time));
        facts.add("revision", U256(revision));
        if (line) facts.add("line", line_fact(*line));
        facts.add("base_currency", model::Address{});
        facts.add("base_unit", U256(100'000'000));
        for (unsigned id = 0; id < markets.size(); ++id) {
            const Market& market = markets[id];
            const auto add = [&](std::string_view field, model::FactValue value) { facts.add(reserve_fact(id, field), std::move(value)); };
            add("asset", token(id));
            add("configuration", U256({market.ltv | market.threshold << 16 | market.bonus << 32 | std::uint64_t{market.decimals} << 48 |
                                           std::uint64_t{1} << 56 | std::uint64_t{market.paused ? 1U : 0U} << 60,
                                       0, market.protocol_fee << 24, 0}));
            add("liquidity_index", U256::pow10(27));
            add("liquidity_rate", number("30000000000000000000000000"));
            add("variable_borrow_index", U256::pow10(27));
            add("variable_borrow_rate", number("50000000000000000000000000"));
            add("last_update", U256(block_time));
            add("scaled_supply", U256::pow10(market.decimals + 2));
            add("grace_until", U256(market.grace_until));
            add("price", U256(market.price));
        }
        facts.add(emode_fact(2, "ltv"), U256(9700));
        facts.add(emode_fact(2, "liquidation_threshold"), U256(9750));
        facts.add(emode_fact(2, "liquidation_bonus"), U256(10100));
        facts.add(emode_fact(2, "collateral_bitmap"), U256(collateral_bitmap));
        facts.add(emode_fact(2, "ltvzero_bitmap"), U256(ltvzero_bitmap));
        return *std::move(facts).build();
    }

    FactsPtr account() const {
        model::FactsBuilder facts{std::string(account_schema)};
        U256 bits;
        U256 ids;
        for (const Holding& holding : held) {
            ids = with_bit(ids, holding.id);
            facts.add(reserve_fact(holding.id, "scaled_supply"), number(holding.supply));
            if (holding.supply != "0") bits = with_bit(bits, 2 * holding.id + 1);
            if (holding.debt == "0") continue;
            bits = with_bit(bits, 2 * holding.id);
            facts.add(reserve_fact(holding.id, "scaled_variable_debt"), number(holding.debt));
        }
        facts.add("configuration", bits);
        facts.add("emode", U256(emode));
        facts.add("held", ids);
        return *std::move(facts).build();
    }

    model::Result<std::unique_ptr<model::PreparedAccount>> try_prepare() const {
        model::AssetMap assets;
        for (unsigned id = 0; id < markets.size(); ++id) {
            const std::string symbol = markets[id].symbol;
            model::AssetMapping row{model::ChainId{1}, token(id), {symbol.starts_with('W') ? symbol.substr(1) : symbol}, symbol};
            if (id == 0) row.ratio = ratio;
            assets.add(std::move(row));
        }
        return rule().prepare(*venue(), *account(), assets);
    }

    std::unique_ptr<model::PreparedAccount> prepare() const {
        auto prepared = try_prepare();
        if (!prepared) throw std::runtime_error(prepared.error().message);
        return std::move(*prepared);
    }
};

std::string figure(const model::PreparedAccount& account, std::string_view name) {
    const auto figures = account.native(account.current());
    for (const model::NativeFigure& one : *figures)
        if (one.name == name) return one.value.to_decimal();
    return "no such figure";
}

TEST(AaveV36Rule, gives_the_health_factors_of_the_reference) {
    // Read from the 3.6 contracts: the debt of 20000 USDC is a millionth more right after the borrow.
    Pool pool;
    pool.held = {{0, "10000000000000000000"}, {1, "50000000"}, {2, "0", "20000000001"}};
    EXPECT_EQ(figure(*pool.prepare(), "healthFactor"), "2362499999881875000");
    // Worked out in the reference: 10 WETH at 83 %, 15000 USDC at 0.9999.
    pool.markets[0].threshold = 8300;
    pool.markets[2].price = 99'990'000;
    pool.held = {{0, "10000000000000000000"}, {2, "0", "15000000000"}};
    EXPECT_EQ(figure(*pool.prepare(), "healthFactor"), "1660166016601660166");
}

TEST(AaveV36Rule, rounds_each_step_against_the_user) {
    Pool pool;
    pool.markets[2].price = 99'999'999;
    pool.held = {{0, "1"}, {2, "0", "1"}};
    const auto account = pool.prepare();
    // 3e11 / 1e18 is nothing; 99999999 / 1e6 is 99 and something.
    EXPECT_EQ(figure(*account, "totalCollateralBase"), "0");
    EXPECT_EQ(figure(*account, "totalDebtBase"), "100");
    EXPECT_TRUE(account->at(account->current())->liquidatable);
    EXPECT_EQ(account->positions(account->current())->at(1).notional.to_string(), "-0.000001");
}

TEST(AaveV36Rule, counts_a_collateral_without_a_threshold) {
    Pool pool;
    pool.held = {{0, "1000000000000000000"}, {3, "1000000000000000000000"}, {2, "0", "1000000000"}};
    const auto account = pool.prepare();
    EXPECT_EQ(figure(*account, "totalCollateralBase"), "400000000000");
    EXPECT_EQ(figure(*account, "currentLiquidationThreshold"), "6187");
    EXPECT_EQ(figure(*account, "ltv"), "6000");
    // The average is cut in the figure, not in the health factor.
    EXPECT_EQ(figure(*account, "healthFactor"), "2475000000000000000");
}

TEST(AaveV36Rule, takes_an_emode_by_its_bitmaps) {
    Pool pool;
    pool.held = {{0, "1000000000000000000"}, {3, "1000000000000000000000"}, {2, "0", "1000000000"}};
    pool.emode = 2;
    pool.collateral_bitmap = 0b1000;
    EXPECT_EQ(figure(*pool.prepare(), "currentLiquidationThreshold"), "8625");
    EXPECT_EQ(figure(*pool.prepare(), "ltv"), "8425");
    pool.ltvzero_bitmap = 0b1000;
    EXPECT_EQ(figure(*pool.prepare(), "currentLiquidationThreshold"), "8625");
    EXPECT_EQ(figure(*pool.prepare(), "ltv"), "6000");
    // The bitmap of zero loan-to-values counts inside the category alone.
    pool.ltvzero_bitmap = 0b0001;
    EXPECT_EQ(figure(*pool.prepare(), "ltv"), "8425");
}

TEST(AaveV36Rule, refuses_an_emode_that_was_not_read) {
    Pool pool;
    pool.held = {{0, "1000000000000000000"}};
    pool.emode = 3;
    const auto prepared = pool.try_prepare();
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().code, ErrorCode::missing);
    EXPECT_NE(prepared.error().message.find("category 3"), std::string::npos) << prepared.error().message;
}

TEST(AaveV36Rule, refuses_other_revisions_and_takes_a_fork_at_its_word) {
    Pool pool;
    pool.held = {{0, "1000000000000000000"}};
    pool.line.reset();
    for (const std::uint64_t revision : {0U, 4U, 9U, 10U, 11U}) {
        pool.revision = revision;
        const auto prepared = pool.try_prepare();
        ASSERT_FALSE(prepared) << revision;
        EXPECT_EQ(prepared.error().code, ErrorCode::unknown_revision);
    }
    pool.line = Line::v3_6;
    EXPECT_TRUE(pool.try_prepare());
    EXPECT_EQ(line_of_revision(U256(10)), Line::v3_6);
    EXPECT_EQ(line_of_revision(U256(3)), Line::v3_0);
    EXPECT_EQ(line_of_revision(U256(4)), std::nullopt);
}

TEST(AaveV36Rule, accrues_by_powers_of_rate_times_time) {
    // x = 5 %: 1 + x + x (x / 2 + x (x / 6)) in ray.
    const auto year = compounded_interest(Line::v3_6, number("50000000000000000000000000"), 31'536'000);
    ASSERT_TRUE(year);
    EXPECT_EQ(year->to_decimal(), "1051270833333333333333333333");
    EXPECT_EQ(compounded_interest(Line::v3_6, number("50000000000000000000000000"), 0)->to_decimal(), ray().to_decimal());
}

TEST(AaveV36Rule, closes_small_positions_whole_and_large_ones_by_half) {
    Pool pool;
    // Health factor 0.9857 of 2511 against 2475: both from 2,000 on.
    pool.held = {{0, "1000000000000000000"}, {2, "0", "2511000000"}};
    const auto large = pool.prepare()->terms(pool.prepare()->current());
    ASSERT_TRUE(large);
    EXPECT_EQ(large->close_factor_bps, 5'000U);
    EXPECT_EQ(large->penalty_bps, 500U);
    EXPECT_EQ(large->loss.to_string(), "62.775");
    // A debt below 2,000 is closed whole however near to health.
    pool.held = {{0, "700000000000000000"}, {2, "0", "1750000000"}};
    EXPECT_EQ(pool.prepare()->terms(pool.prepare()->current())->close_factor_bps, 10'000U);
    // So is any at 0.95 or below.
    pool.held = {{0, "1000000000000000000"}, {2, "0", "2700000000"}};
    EXPECT_EQ(pool.prepare()->terms(pool.prepare()->current())->close_factor_bps, 10'000U);
    // The collateral ends before the debt: 1000 / 1.05 of 2,000.
    pool.markets[0].price = 100'000'000'000;
    pool.held = {{0, "1000000000000000000"}, {2, "0", "2000000000"}};
    const auto short_of = pool.prepare()->terms(pool.prepare()->current());
    EXPECT_EQ(short_of->close_factor_bps, 4'762U);
    EXPECT_EQ(short_of->loss.to_string(), "0");
}

TEST(AaveV36Rule, takes_the_collateral_that_the_pool_lets_go) {
    Pool pool;
    pool.held = {{0, "1000000000000000000"}, {1, "1000000"}, {2, "0", "3100000000"}};
    EXPECT_EQ(pool.prepare()->terms(pool.prepare()->current())->penalty_bps, 500U);
    pool.markets[0].grace_until = block_time;
    EXPECT_EQ(pool.prepare()->terms(pool.prepare()->current())->penalty_bps, 600U);
    State later = pool.prepare()->current();
    later.time_offset_s = 1;
    EXPECT_EQ(pool.prepare()->terms(later)->penalty_bps, 500U);
    pool.markets[0].grace_until = 0;
    pool.markets[0].paused = true;
    EXPECT_EQ(pool.prepare()->terms(later)->penalty_bps, 600U);
    // Where everything is closed to liquidators, what awaits the account when it opens.
    pool.markets[2].paused = true;
    EXPECT_EQ(pool.prepare()->terms(later)->penalty_bps, 500U);
}

TEST(AaveV36Rule, repays_and_deposits_with_the_scaled_part_rounded_down) {
    Pool pool;
    pool.held = {{0, "10000000000000000000"}, {2, "0", "20000000000"}};
    const auto account = pool.prepare();
    const auto cleared = account->with({Verb::repay, token(2), U256::max()});
    ASSERT_TRUE(cleared) << cleared.error().message;
    EXPECT_EQ(figure(**cleared, "totalDebtBase"), "0");
    const auto part = account->with({Verb::repay, token(2), U256(5'000'000'000)});
    ASSERT_TRUE(part);
    EXPECT_EQ(figure(**part, "totalDebtBase"), "1500000000000");
    const auto more = account->with({Verb::deposit, token(0), U256::pow10(18)});
    ASSERT_TRUE(more);
    EXPECT_EQ(figure(**more, "totalCollateralBase"), "3300000000000");
}

TEST(AaveV36Rule, tells_a_growing_token_in_units_of_its_base) {
    Pool pool;
    pool.held = {{0, "10000000000000000000"}, {2, "0", "15000000000"}};
    const std::string health = figure(*pool.prepare(), "healthFactor");
    pool.ratio = model::UnitRatio{model::RatioSource::wsteth, {"stETH"}, number("1250000000000000000")};
    const auto account = pool.prepare();
    EXPECT_EQ(account->inputs()[0].underlying.symbol, "stETH");
    const model::Position held = account->positions(account->current())->at(0);
    EXPECT_EQ(held.underlying.symbol, "stETH");
    EXPECT_EQ(held.label, "WETH");
    EXPECT_EQ(held.quantity.to_string(), "12.5");
    EXPECT_EQ(held.mark.to_string(), "2400");
    EXPECT_EQ(held.notional.to_string(), "30000");
    // What the pool counts is the token.
    EXPECT_EQ(account->inputs()[0].price, U256(300'000'000'000));
    EXPECT_EQ(figure(*account, "healthFactor"), health);
    // A ratio that nobody read leaves the token standing for itself.
    pool.ratio->units.reset();
    EXPECT_EQ(pool.prepare()->inputs()[0].underlying.symbol, "ETH");
}

/// Whatever between() says of a range holds at its ends and inside.
RC_GTEST_PROP(AaveV36Rule, encloses_what_it_says_between_two_states, ()) {
    Pool pool;
    pool.held = {{0, std::to_string(*rc::gen::inRange<std::uint64_t>(1, 9'000'000'000'000'000'000))},
                 {1, std::to_string(*rc::gen::inRange<std::uint64_t>(0, 1'000'000'000))},
                 {2, "0", std::to_string(*rc::gen::inRange<std::uint64_t>(1, 60'000'000'000))}};
    const auto account = pool.prepare();
    State low = account->current();
    State high = low;
    State inside = low;
    for (std::size_t i = 0; i < low.prices.size(); ++i) {
        const std::uint64_t price = low.prices[i].to_u64().value();
        const std::uint64_t bottom = *rc::gen::inRange<std::uint64_t>(price / 20 + 1, price * 2);
        const std::uint64_t width = *rc::gen::element<std::uint64_t>(0, 1, bottom / 100 + 1, bottom);
        low.prices[i] = U256(bottom);
        high.prices[i] = U256(bottom + width);
        inside.prices[i] = U256(bottom + *rc::gen::inRange<std::uint64_t>(0, width + 1));
    }
    const auto enclosure = account->between(low, high);
    RC_ASSERT(enclosure.has_value());
    for (const State& state : {low, inside, high}) {
        const auto standing = account->at(state);
        RC_ASSERT(bool(standing));
        if (enclosure->liquidatable) RC_ASSERT(standing->liquidatable == *enclosure->liquidatable);
        RC_ASSERT(*account->liquidatable(state) == standing->liquidatable);
        const I256 excess = *model::checked_sub(standing->equity.raw, standing->maintenance.raw);
        RC_ASSERT(!(excess < enclosure->least_excess.raw));
        RC_ASSERT(!(enclosure->largest_excess.raw < excess));
    }
    // At one state nothing is open.
    const auto point = account->between(inside, inside);
    RC_ASSERT(point.has_value());
    RC_ASSERT(point->liquidatable == std::optional(account->at(inside)->liquidatable));
}

}  // namespace
}  // namespace margind::adapters::protocols::aave_v3
