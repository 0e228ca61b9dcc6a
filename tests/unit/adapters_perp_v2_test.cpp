// Perp V2's rule on hand-made facts, the pool arithmetic, and readings on bytes alone.
#include "adapters/adapter.hpp"
#include "adapters/protocols/perp_v2/account.hpp"
#include "adapters/protocols/perp_v2/liquidity.hpp"
#include "adapters/protocols/perp_v2/protocol.hpp"
#include "adapters/protocols/perp_v2/readings.hpp"
#include "adapters/protocols/perp_v2/schema.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>

namespace margind::adapters::protocols::perp_v2 {
namespace {

using model::Address;
using model::ErrorCode;
using model::FactValue;
using model::I256;
using model::State;
using model::U256;

const Address usdc = Address::parse("0x0000000000000000000000000000000000000001").value();
const Address weth = Address::parse("0x0000000000000000000000000000000000000002").value();
const Address veth = Address::parse("0x0000000000000000000000000000000000000003").value();

U256 x18(std::uint64_t whole) { return *checked_mul(U256(whole), U256::pow10(18)); }
I256 signed18(std::int64_t whole) { return *checked_mul(I256(whole), *I256::from(U256::pow10(18))); }
I256 number(const char* digits) { return I256::from_decimal(digits).value(); }

model::AssetMap assets() {
    model::AssetMap map;
    map.add({model::ChainId{31337}, usdc, {"USDC"}, "USDC"});
    map.add({model::ChainId{31337}, weth, {"ETH"}, "WETH"});
    map.add({model::ChainId{31337}, veth, {"ETH"}, "vETH"});
    return map;
}

using Entries = std::map<std::string, FactValue>;

model::FactsPtr facts(const char* schema, const Entries& entries) {
    model::FactsBuilder builder(schema);
    for (const auto& [name, value] : entries) builder.add(name, value);
    return std::move(builder).build().value();
}

/// One open market at 2,000 whose long pays 100 a day per unit; WETH at 2,000 counted at 70 %.
Entries venue() {
    const U256 sqrt_1600 = *checked_mul(U256(40), U256::pow2(96));
    return {{"chain_id", U256(31337)},
            {"settlement_token", usdc},
            {"settlement_decimals", U256(6)},
            {"settlement_cap", U256::max()},
            {"settlement_held", U256()},
            {"im_ratio", U256(100000)},
            {"mm_ratio", U256(62500)},
            {"penalty_ratio", U256(25000)},
            {"mm_ratio_buffer", U256(2000)},
            {"debt_value_ratio", U256(750000)},
            {"sale_ratio", U256(500000)},
            {"sale_dust", U256(500'000'000)},
            {"sale_fee_ratio", U256(30000)},
            {"max_funding_rate", U256(100000)},
            {"markets", U256(1)},
            {"market.0.token", veth},
            {"market.0.status", U256(0)},
            {"market.0.price", x18(2000)},
            {"market.0.sqrt_price_x96", U256::pow2(96)},
            {"market.0.fee_ratio", U256(1000)},
            {"market.0.sqrt_market_twap_x96", sqrt_1600},
            {"market.0.index_twap", x18(1500)},
            {"collaterals", U256(1)},
            {"collateral.0.token", weth},
            {"collateral.0.decimals", U256(18)},
            {"collateral.0.price", x18(2000)},
            {"collateral.0.price_decimals", U256(18)},
            {"collateral.0.ratio", U256(700000)},
            {"collateral.0.discount_ratio", U256(100000)},
            {"collateral.0.deposit_cap", U256::max()},
            {"collateral.0.held", U256()}};
}

Entries nothing_held() {
    return {{"balance", I256()},        {"owed_realized_pnl", I256()}, {"debt_threshold", U256(10'000'000'000)},
            {"markets", U256()}, {"collaterals", U256()}};
}

/// One unit long, bought at 1,900, on 100 USDC.
Entries long_one() {
    Entries entries = nothing_held();
    entries["balance"] = I256(100'000'000);
    entries["markets"] = U256(1);
    entries["market.0.token"] = veth;
    entries["market.0.taker_size"] = signed18(1);
    entries["market.0.taker_notional"] = signed18(-1900);
    entries["market.0.funding"] = I256();
    entries["market.0.pending_fee"] = U256();
    entries["market.0.orders"] = U256();
    return entries;
}

std::unique_ptr<model::PreparedAccount> prepared(const Entries& venue_entries, const Entries& account_entries) {
    auto account = protocol().rule().prepare(*facts(venue_schema, venue_entries), *facts(account_schema, account_entries),
                                             assets());
    EXPECT_TRUE(account) << account.error().message;
    return account ? *std::move(account) : nullptr;
}

model::Error refusal(const Entries& venue_entries, const Entries& account_entries) {
    const auto account = protocol().rule().prepare(*facts(venue_schema, venue_entries),
                                                   *facts(account_schema, account_entries), assets());
    EXPECT_FALSE(account);
    return account ? model::Error{} : account.error();
}

I256 figure(const model::PreparedAccount& account, const State& state, const std::string& name) {
    const auto figures = account.native(state);
    EXPECT_TRUE(figures);
    for (const model::NativeFigure& f : *figures)
        if (f.name == name) return f.value;
    ADD_FAILURE() << "no figure " << name;
    return {};
}

// Published with Uniswap v3's TickMath.
TEST(PerpLiquidity, gives_the_published_square_root_ratios) {
    EXPECT_EQ(sqrt_ratio_at_tick(0), U256::pow2(96));
    EXPECT_EQ(sqrt_ratio_at_tick(-max_tick).to_decimal(), "4295128739");
    EXPECT_EQ(sqrt_ratio_at_tick(max_tick).to_decimal(), "1461446703485210103287273052203988822378723970342");
}

TEST(PerpLiquidity, holds_base_below_quote_above_and_both_inside_a_range) {
    const Range range{U256::pow10(18), sqrt_ratio_at_tick(-60), sqrt_ratio_at_tick(60)};
    EXPECT_EQ(amounts_at(range, sqrt_ratio_at_tick(-61)).quote, U256());
    EXPECT_EQ(amounts_at(range, sqrt_ratio_at_tick(61)).base, U256());
    const TokenAmounts inside = amounts_at(range, U256::pow2(96));
    EXPECT_NEAR(inside.base.to_double() / 1e18, 1 - 1 / std::pow(1.0001, 30), 1e-15);
    EXPECT_NEAR(inside.quote.to_double() / 1e18, 1 - std::pow(1.0001, -30), 1e-15);
}

TEST(PerpLiquidity, moves_a_square_root_price_by_the_root_of_the_ratio) {
    const U256 sqrt_price = sqrt_ratio_at_tick(76012);
    EXPECT_EQ(moved_sqrt_price(sqrt_price, x18(2000), x18(2000)), sqrt_price);
    EXPECT_NEAR(moved_sqrt_price(sqrt_price, x18(2000), x18(8000)).to_double() / sqrt_price.to_double(), 2.0, 1e-15);
    EXPECT_NEAR(moved_sqrt_price(sqrt_price, x18(2000), x18(500)).to_double() / sqrt_price.to_double(), 0.5, 1e-15);
}

TEST(PerpRule, values_a_long_as_the_contracts_formulas_do) {
    const auto account = prepared(venue(), long_one());
    const State now = account->current();
    EXPECT_EQ(figure(*account, now, view_vault_account_value), I256(200'000'000));
    EXPECT_EQ(figure(*account, now, view_house_account_value), signed18(200));
    EXPECT_EQ(figure(*account, now, view_requirement), signed18(125));
    EXPECT_EQ(figure(*account, now, view_free_collateral), I256());
    const model::Standing standing = account->at(now).value();
    EXPECT_EQ(standing.equity.to_string(), "200");
    EXPECT_EQ(standing.equity.unit, "USDC");
    EXPECT_EQ(standing.maintenance.to_string(), "125");
    EXPECT_EQ(standing.initial.to_string(), "290");
    EXPECT_FALSE(standing.liquidatable);
}

TEST(PerpRule, liquidates_strictly_below_the_requirement) {
    const auto account = prepared(venue(), long_one());
    // 100 + p - 1900 = p / 16: p = 1920.
    EXPECT_FALSE(account->at({{x18(1920)}, 0})->liquidatable);
    EXPECT_TRUE(account->at({{*checked_sub(x18(1920), U256(1'000'000'000'000))}, 0})->liquidatable);
}

TEST(PerpRule, rounds_a_negative_account_value_down) {
    Entries entries = nothing_held();
    entries["owed_realized_pnl"] = I256(-1);
    const auto account = prepared(venue(), entries);
    EXPECT_EQ(figure(*account, account->current(), view_vault_account_value), I256(-1));
    EXPECT_EQ(figure(*account, account->current(), view_house_account_value), number("-1000000000000"));
    EXPECT_TRUE(account->at(account->current())->liquidatable);
}

TEST(PerpRule, counts_no_position_below_ten_wei) {
    Entries entries = long_one();
    entries["market.0.taker_size"] = I256(9);
    entries["market.0.taker_notional"] = I256();
    EXPECT_EQ(figure(*prepared(venue(), entries), {{x18(2000)}, 0}, view_requirement), I256());
    entries["market.0.taker_size"] = I256(10);
    // 10 wei at 2,000: 20,000 wei, a sixteenth of it required.
    EXPECT_EQ(figure(*prepared(venue(), entries), {{x18(2000)}, 0}, view_requirement), I256(1250));
}

TEST(PerpRule, puts_the_haircut_into_the_requirement) {
    Entries entries = nothing_held();
    entries["collaterals"] = U256(1);
    entries["collateral.0.token"] = weth;
    entries["collateral.0.balance"] = x18(1);
    const auto account = prepared(venue(), entries);
    EXPECT_EQ(figure(*account, account->current(), view_house_account_value), signed18(1400));
    const model::Standing standing = account->at(account->current()).value();
    EXPECT_EQ(standing.equity.to_string(), "2000");
    EXPECT_EQ(standing.maintenance.to_string(), "600");
    ASSERT_EQ(account->inputs().size(), 1U);
    EXPECT_EQ(account->inputs()[0].label, "WETH");
    EXPECT_EQ(account->inputs()[0].role, model::PriceRole::oracle);
}

TEST(PerpRule, carries_funding_by_the_premium) {
    const auto account = prepared(venue(), long_one());
    const State next_day{{x18(2000)}, 86400};
    EXPECT_EQ(figure(*account, next_day, view_house_account_value), signed18(100));
    const auto positions = account->positions(account->current()).value();
    ASSERT_EQ(positions.size(), 2U);
    EXPECT_EQ(positions[0].label, "USDC");
    EXPECT_EQ(positions[1].label, "vETH");
    EXPECT_EQ(positions[1].carry_per_day.to_string(), "-100");
    EXPECT_EQ(positions[1].accrued.to_string(), "0");
    EXPECT_EQ(positions[1].entry->to_string(), "1900");
    EXPECT_EQ(account->positions(next_day).value()[1].accrued.to_string(), "-100");
}

TEST(PerpRule, clamps_the_premium_at_the_greatest_funding_rate) {
    Entries v = venue();
    v["market.0.index_twap"] = x18(1000);
    EXPECT_EQ(figure(*prepared(v, long_one()), {{x18(2000)}, 86400}, view_house_account_value), signed18(100));
    v["market.0.index_twap"] = x18(2000);
    EXPECT_EQ(figure(*prepared(v, long_one()), {{x18(2000)}, 86400}, view_house_account_value), signed18(400));
}

TEST(PerpRule, closes_half_until_the_value_is_below_half_the_requirement) {
    const auto account = prepared(venue(), long_one());
    const model::LiquidationTerms half = account->terms({{x18(1900)}, 0}).value();
    EXPECT_EQ(half.close_factor_bps, 5000U);
    EXPECT_EQ(half.penalty_bps, 250U);
    EXPECT_EQ(half.loss.to_string(), "23.75");
    const model::LiquidationTerms whole = account->terms({{x18(1850)}, 0}).value();
    EXPECT_EQ(whole.close_factor_bps, 10000U);
    EXPECT_EQ(whole.loss.to_string(), "46.25");
    EXPECT_EQ(account->terms({{x18(1700)}, 0})->loss.to_string(), "0");
}

TEST(PerpRule, closes_a_small_position_whole) {
    Entries entries = long_one();
    entries["market.0.taker_size"] = number("50000000000000000");
    entries["market.0.taker_notional"] = signed18(-100);
    entries["balance"] = I256(5'000'000);
    EXPECT_EQ(prepared(venue(), entries)->terms({{x18(2000)}, 0})->close_factor_bps, 10000U);
}

TEST(PerpRule, deposits_exactly_and_reduces_at_the_mark_less_the_fee) {
    const auto account = prepared(venue(), long_one());
    const auto richer = account->with({model::Verb::deposit, usdc, U256(50'000'000)}).value();
    EXPECT_EQ(figure(*richer, account->current(), view_house_account_value), signed18(250));
    const auto smaller = account->with({model::Verb::reduce, veth, number("500000000000000000").magnitude()}).value();
    // Half of 2,000 exchanged, 0.1 % of it paid.
    EXPECT_EQ(figure(*smaller, account->current(), view_house_account_value), signed18(199));
    EXPECT_EQ(figure(*smaller, account->current(), view_requirement), number("62500000000000000000"));
    const auto none = account->with({model::Verb::reduce, veth, x18(1)}).value();
    EXPECT_EQ(figure(*none, account->current(), view_house_account_value), signed18(198));
    EXPECT_EQ(account->with({model::Verb::reduce, veth, x18(2)}).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(account->with({model::Verb::repay, usdc, U256(1)}).error().code, ErrorCode::bad_input);
    EXPECT_EQ(account->with({model::Verb::deposit, weth, U256(1)}).error().code, ErrorCode::missing);
}

/// One unit long, bought at 1,900, on WETH alone.
Entries long_on_weth(const U256& wei) {
    Entries entries = long_one();
    entries["balance"] = I256();
    entries["collaterals"] = U256(1);
    entries["collateral.0.token"] = weth;
    entries["collateral.0.balance"] = wei;
    return entries;
}

/// Short at 1,900; by default fifteen on 20 WETH: at 2,000 each, 28,000 of weighted collateral.
Entries short_on_weth(std::int64_t size = 15, std::uint64_t collateral = 20) {
    Entries entries = long_on_weth(x18(collateral));
    entries["market.0.taker_size"] = signed18(-size);
    entries["market.0.taker_notional"] = signed18(size * 1900);
    return entries;
}

// Vault.isLiquidatable's three tests; the clearing house's own holds in none of these states.
TEST(PerpRule, is_liquidatable_where_the_other_collateral_may_be_sold) {
    const auto check = [](const model::PreparedAccount& account, const State& state, bool expected) {
        EXPECT_EQ(account.at(state)->liquidatable, expected);
        EXPECT_EQ(figure(account, state, view_collateral_liquidatable), I256(expected ? 1 : 0));
        EXPECT_EQ(figure(account, state, view_liquidatable), I256());
    };
    // Value below 6.45 % of the position, not below 6.25 %: 70 + p - 1900 = 0.0645 p at p = 1956.17, and at 1952.
    const auto thin = prepared(venue(), long_on_weth(number("50000000000000000").magnitude()));
    check(*thin, {{x18(1957), x18(2000)}, 0}, false);
    check(*thin, {{x18(1955), x18(2000)}, 0}, true);
    // A debt above 75 % of what the collateral counts: 1,500 * 0.7 * 4 * 0.75 = 3,150; 3 * (p - 1900) = 3,150 at 2,950.
    const auto small = prepared(venue(), short_on_weth(3, 4));
    check(*small, {{x18(2950), x18(1500)}, 0}, false);
    check(*small, {{*checked_add(x18(2950), U256(1)), x18(1500)}, 0}, true);
    // A debt above 10,000 whatever backs it, cut to micro-dollars: at 15 * 666.666... + a micro-dollar.
    const auto debtor = prepared(venue(), short_on_weth());
    const U256 at_threshold = *mul_div(x18(10'000), U256(1), U256(15), model::Rounding::down);
    check(*debtor, {{*checked_add(x18(1900), at_threshold), x18(2000)}, 0}, false);
    check(*debtor, {{*checked_add(*checked_add(x18(1900), at_threshold), U256(100'000'000'000)), x18(2000)}, 0}, true);
}

TEST(PerpRule, keeps_the_excess_where_it_is_when_collateral_may_be_sold) {
    const auto debtor = prepared(venue(), short_on_weth());
    const model::Standing standing = debtor->at({{x18(2600), x18(2000)}, 0}).value();
    EXPECT_TRUE(standing.liquidatable);
    // N = 40,000 - 10,500; M = 2,437.5 + the haircut of 12,000.
    EXPECT_EQ(standing.equity.to_string(), "29500");
    EXPECT_EQ(standing.maintenance.to_string(), "14437.5");
}

// getMaxRepaidSettlementAndLiquidatableCollateral by hand.
TEST(PerpRule, sells_collateral_at_its_discount_for_half_the_debt) {
    const auto debtor = prepared(venue(), short_on_weth());
    // The debt of 10,500 is more than 10 % of the debt value: half of it / 0.97 buys WETH at 1,800; 0.97 of it is received.
    const model::LiquidationTerms terms = debtor->terms({{x18(2600), x18(2000)}, 0}).value();
    EXPECT_EQ(terms.penalty_bps, 1270U);
    EXPECT_NEAR(terms.loss.to_double(), 5250 / 0.97 / 0.9 - 5250, 2e-6);
    EXPECT_EQ(terms.close_factor_bps, 1504U);
    const auto thin = prepared(venue(), long_on_weth(number("50000000000000000").magnitude()));
    const model::LiquidationTerms small = thin->terms({{x18(1955), x18(2000)}, 0}).value();
    // 10 % of 1,900 owed / 0.97 would buy more than there is: all 100 worth of WETH goes for 90 * 0.97.
    EXPECT_EQ(small.close_factor_bps, 10000U);
    EXPECT_EQ(small.loss.to_string(), "12.7");
}

TEST(PerpRule, states_the_larger_loss_where_both_may_happen_and_never_more_than_there_is) {
    const auto thin = prepared(venue(), long_on_weth(number("50000000000000000").magnitude()));
    // Value 20 of 115 required: positions whole at 2.5 % of 1,850, against 12.7 of the collateral; 50 are left.
    const State both{{x18(1850), x18(2000)}, 0};
    EXPECT_EQ(figure(*thin, both, view_liquidatable), I256(1));
    EXPECT_EQ(figure(*thin, both, view_collateral_liquidatable), I256(1));
    EXPECT_EQ(thin->terms(both)->penalty_bps, 250U);
    EXPECT_EQ(thin->terms(both)->loss.to_string(), "46.25");
    EXPECT_EQ(thin->terms({{x18(1820), x18(2000)}, 0})->loss.to_string(), "20");
    // Nothing holds: the collateral's test comes first.
    EXPECT_EQ(thin->terms({{x18(1990), x18(2000)}, 0})->penalty_bps, 1270U);
}

TEST(PerpRule, sells_no_collateral_that_the_contract_could_not_price) {
    Entries v = venue();
    v["collateral.0.discount_ratio"] = U256(1'000'000);
    EXPECT_EQ(prepared(v, short_on_weth())->terms({{x18(2600), x18(2000)}, 0})->loss.to_string(), "0");
    v = venue();
    v["sale_fee_ratio"] = U256(1'000'000);
    EXPECT_EQ(prepared(v, short_on_weth())->terms({{x18(2600), x18(2000)}, 0})->loss.to_string(), "0");
    EXPECT_EQ(prepared(venue(), short_on_weth())->terms({{x18(2600), U256()}, 0})->loss.to_string(), "0");
}

TEST(PerpRule, cures_a_collateral_trigger_by_the_smallest_deposit) {
    Entries v = venue();
    v["market.0.price"] = x18(2600);
    const auto debtor = prepared(v, short_on_weth());
    ASSERT_TRUE(debtor->at(debtor->current())->liquidatable);
    // The debt of 10,500 may be 10,000 and less than a micro-dollar.
    const auto cured = debtor->with({model::Verb::deposit, usdc, U256(500'000'000)}).value();
    EXPECT_FALSE(cured->at(cured->current())->liquidatable);
    const auto short_of = debtor->with({model::Verb::deposit, usdc, U256(499'999'999)}).value();
    EXPECT_TRUE(short_of->at(short_of->current())->liquidatable);
    // No amount of WETH cures a debt above the threshold.
    const auto more = debtor->with({model::Verb::deposit, weth, x18(1000)}).value();
    EXPECT_TRUE(more->at(more->current())->liquidatable);
}

TEST(PerpRule, offers_deposits_up_to_what_the_vault_has_room_for) {
    Entries v = venue();
    v["settlement_cap"] = U256(5'000'000);
    v["settlement_held"] = U256(3'000'000);
    v["collateral.0.deposit_cap"] = x18(30);
    v["collateral.0.held"] = x18(31);
    const auto account = prepared(v, long_on_weth(x18(1)));
    std::map<std::string, U256> offered;
    for (const model::AdjustmentOption& o : account->options())
        if (o.verb == model::Verb::deposit) offered[o.label] = o.max_raw;
    EXPECT_EQ(offered, (std::map<std::string, U256>{{"USDC", U256(2'000'000)}}));
    EXPECT_EQ(account->with({model::Verb::deposit, usdc, U256(2'000'001)}).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(account->with({model::Verb::deposit, weth, U256(1)}).error().code, ErrorCode::out_of_range);
    const auto full = account->with({model::Verb::deposit, usdc, U256(2'000'000)}).value();
    for (const model::AdjustmentOption& o : full->options()) EXPECT_NE(o.verb, model::Verb::deposit);
}

TEST(PerpRule, reads_liquidatable_from_either_view) {
    const auto said = [](std::vector<model::NativeFigure> views) { return protocol().rule().liquidatable_by_views(views); };
    const model::NativeFigure no{view_liquidatable, I256(), 0};
    EXPECT_EQ(said({no, {view_collateral_liquidatable, I256(1), 0}}), true);
    EXPECT_EQ(said({{view_liquidatable, I256(1), 0}, {view_collateral_liquidatable, I256(), 0}}), true);
    EXPECT_EQ(said({no, {view_collateral_liquidatable, I256(), 0}}), false);
    EXPECT_EQ(said({no}), std::nullopt);
    EXPECT_EQ(said({}), std::nullopt);
}

TEST(PerpRule, treats_a_closed_market_as_money_at_its_price) {
    Entries v = venue();
    v["market.0.status"] = U256(2);
    const auto account = prepared(v, long_one());
    EXPECT_TRUE(account->inputs().empty());
    EXPECT_EQ(figure(*account, {{}, 86400}, view_house_account_value), signed18(200));
    const auto positions = account->positions({{}, 0}).value();
    EXPECT_EQ(positions[1].label, "vETH (closed)");
    EXPECT_EQ(positions[1].quantity.to_string(), "100");
    EXPECT_EQ(positions[1].underlying.symbol, "USDC");
    EXPECT_TRUE(positions[1].collateral) << "the account value holds it";
}

TEST(PerpRule, refuses_what_it_cannot_know) {
    Entries v = venue();
    v.erase("market.0.price");
    v["market.0.reason"] = to_bytes("getMarkPrice reverted: SafeCast");
    EXPECT_NE(refusal(v, long_one()).message.find("SafeCast"), std::string::npos);
    EXPECT_TRUE(prepared(v, nothing_held()) != nullptr);

    Entries other = long_one();
    other["market.0.token"] = usdc;
    EXPECT_EQ(refusal(venue(), other).code, ErrorCode::missing);
    EXPECT_NE(refusal(venue(), other).message.find(usdc.to_string()), std::string::npos);

    const auto old = protocol().rule().prepare(*facts("perp_v2.venue/1", venue()), *facts(account_schema, long_one()), assets());
    EXPECT_EQ(old.error().code, ErrorCode::unknown_schema);
    model::AssetMap unmapped;
    unmapped.add({model::ChainId{31337}, usdc, {"USDC"}, "USDC"});
    const auto lost = protocol().rule().prepare(*facts(venue_schema, venue()), *facts(account_schema, long_one()), unmapped);
    EXPECT_EQ(lost.error().code, ErrorCode::missing);
    EXPECT_EQ(lost.error().message.rfind("unmapped_asset", 0), 0U);
}

TEST(PerpRule, refuses_a_state_of_another_shape) {
    const auto account = prepared(venue(), long_one());
    EXPECT_EQ(account->at({{}, 0}).error().code, ErrorCode::bad_input);
    EXPECT_EQ(account->at({{x18(1)}, -1}).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(account->at({{U256::max()}, 0}).error().code, ErrorCode::out_of_range);
}

TEST(PerpProtocol, names_what_its_settings_lack) {
    config::Venue settings{model::VenueId::parse("perp_v2:31337").value(), {}, {}};
    EXPECT_NE(protocol().make(settings).error().message.find("clearing_house"), std::string::npos);
    settings.addresses["clearing_house"] = usdc;
    settings.lists["base_tokens"] = {veth, veth};
    settings.lists["collateral_tokens"] = {};
    EXPECT_NE(protocol().make(settings).error().message.find(veth.to_string()), std::string::npos);
}

/// Answers every request with `words` random words, or too few of them.
std::vector<Reply> noise(std::size_t count, std::mt19937_64& random) {
    std::vector<Reply> replies;
    for (std::size_t i = 0; i < count; ++i) {
        model::Bytes bytes(random() % 400);
        const bool tame = random() % 2 == 0;
        for (std::size_t b = 0; b < bytes.size(); ++b)
            bytes[b] = tame && b % 32 != 31 ? std::byte{0} : static_cast<std::byte>(random() & 0xff);
        replies.emplace_back(std::variant<model::Bytes, std::vector<Log>>(std::move(bytes)));
    }
    return replies;
}

TEST(PerpReading, ends_in_three_rounds_whatever_the_chain_answers) {
    Entries entries = venue();
    for (const char* name :
         {"clearing_house", "vault", "account_balance", "exchange", "order_book", "collateral_manager"})
        entries[name] = usdc;
    const model::FactsPtr known = facts(venue_schema, entries);
    std::size_t failed = 0;
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        std::mt19937_64 random(seed);
        const auto reading = account_reading(known, weth);
        std::vector<Request> requests = reading->next({});
        for (int round = 0; !requests.empty(); ++round) {
            ASSERT_LT(round, 3);
            const std::vector<Reply> replies = noise(requests.size(), random);
            requests = reading->next(replies);
        }
        if (!reading->result()) ++failed;
    }
    EXPECT_GT(failed, 2900U);
}

TEST(PerpReading, names_the_view_that_reverted) {
    Entries entries = venue();
    for (const char* name :
         {"clearing_house", "vault", "account_balance", "exchange", "order_book", "collateral_manager"})
        entries[name] = usdc;
    const auto reading = account_reading(facts(venue_schema, entries), weth);
    const std::size_t asked = reading->next({}).size();
    const std::vector<Reply> replies(asked, Reply(model::fail(ErrorCode::reverted, "SafeCast: value must be positive")));
    EXPECT_TRUE(reading->next(replies).empty());
    const auto result = reading->result();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::reverted);
    EXPECT_NE(result.error().message.find("getBaseTokens"), std::string::npos);
    EXPECT_NE(result.error().message.find(weth.to_string()), std::string::npos);
}

}  // namespace
}  // namespace margind::adapters::protocols::perp_v2
