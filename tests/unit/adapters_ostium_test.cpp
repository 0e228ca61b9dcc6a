// Ostium: calls and replies as bytes, the worked numbers of the project's reference (perps.md 4.3), readings, and laws of the test.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/protocols/ostium/book.hpp"
#include "adapters/protocols/ostium/contracts.hpp"
#include "adapters/protocols/ostium/readings.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace margind::adapters::protocols::ostium {
namespace {

using evm::AbiWriter;
using model::Address;
using model::I256;
using model::State;
using model::U256;

Address numbered(unsigned number) {
    Address made;
    made.bytes[19] = static_cast<std::byte>(number);
    return made;
}
/// "1796.057789" with `decimals`.
U256 scaled(const char* text, std::uint8_t decimals) { return model::parse_decimal(text, decimals).value().magnitude(); }
I256 money(const char* text) { return model::parse_decimal(text, money_decimals).value(); }
U256 price(const char* text) { return scaled(text, price_decimals); }

RawTrade trade_of(bool is_long, const char* open, const char* collateral, std::uint64_t leverage, std::uint64_t threshold, const char* rollover, const char* funding) {
    RawTrade raw;
    raw.is_long = is_long;
    raw.pair = pair_address("ETH/USD");
    raw.collateral_token = numbered(7);
    raw.leverage = raw.initial_leverage = leverage * 100;
    raw.max_leverage = 1000;
    raw.liq_margin_threshold = threshold;
    raw.collateral = scaled(collateral, money_decimals);
    raw.open_price = raw.price = price(open);
    raw.rollover_fee = scaled(rollover, money_decimals);
    raw.funding_fee = money(funding);
    return raw;
}
std::unique_ptr<model::PreparedAccount> account_of(const RawTrade& raw) { return prepared(Book{raw, {{"ETH"}, "ETH/USD"}, {{"USDC"}, "USDC"}}); }
bool liquidatable_at(const RawTrade& raw, const U256& at) { return account_of(raw)->liquidatable(State{{at}}).value(); }

TEST(OstiumCalls, have_the_selectors_of_the_reference) {
    // perps.md A.4 and 4.2.
    const Contracts at{numbered(1), numbered(2), numbered(3), numbered(4), numbered(5)};
    Trade trade;
    trade.trader = numbered(9);
    trade.pair = 3;
    trade.index = 2;
    const auto selector = [](const Request& request) { return model::to_hex(std::get<Call>(request).data).substr(0, 10); };
    EXPECT_EQ(selector(get_trade(at, numbered(9), 3, 2)), "0x4f786488");
    EXPECT_EQ(selector(get_trade_info(at, numbered(9), 3, 2)), "0x54307131");
    EXPECT_EQ(selector(get_open_count(at, numbered(9), 3)), "0xf3608d12");
    EXPECT_EQ(selector(get_max_trades_per_pair(at)), "0xf65d9dbe");
    EXPECT_EQ(selector(get_registry(at.storage)), "0x7b103999");
    EXPECT_EQ(selector(get_liquidation_price(at, trade, 1000)), "0x6269f5d3");
    EXPECT_EQ(selector(get_liquidation_margin(at, trade, 1000)), "0xdd287071");
    EXPECT_EQ(selector(get_rollover_fee(at, trade)), "0x50115340");
    EXPECT_EQ(selector(get_funding_fee(at, trade)), "0x8f306244");
    EXPECT_EQ(selector(get_liq_threshold(at)), "0x76c99427");
    EXPECT_EQ(selector(get_pending_funding(at, 3)), "0x5b152961");
    EXPECT_EQ(selector(get_pairs_count(at)), "0xb81b2b71");
    EXPECT_EQ(selector(get_max_leverage(at, 3)), "0x0bdf25df");
    EXPECT_EQ(selector(get_overnight_max_leverage(at, 3)), "0x0d3cd59f");
    EXPECT_EQ(selector(get_pair(at, 3)), "0xc2b10883");
    EXPECT_EQ(selector(get_last_trade_price(at, 3)), "0xa70a391e");
    // Names of the registry, left-aligned (perps.md 4.1).
    EXPECT_EQ(model::to_hex(std::get<Call>(get_contract(at, "pairInfos")).data), "0x0d2020dd70616972496e666f730000000000000000000000000000000000000000000000");
}

/// Words 0 to 8 as the reference has them.
AbiWriter trade_words(unsigned trader = 9, std::uint64_t pair = 3, std::uint64_t index = 2, std::uint64_t leverage = 2000) {
    return AbiWriter().u256(U256(10'000'000)).u256(price("129.4")).u256(U256(1)).u256(U256(2)).address(numbered(trader)).u256(U256(leverage)).u256(U256(pair))
        .u256(U256(index)).boolean(true);
}
model::Bytes info_bytes(std::uint64_t initial = 2000) {
    return AbiWriter().u256(U256(77)).u256(U256(5)).u256(U256(initial)).u256(U256(1)).u256(U256(2)).u256(U256(3)).boolean(true).encoded();
}
model::Bytes pair_bytes(std::string_view from, std::string_view to, std::uint64_t head_words = 9) {
    AbiWriter words;
    words.fixed_bytes(std::as_bytes(std::span(from))).fixed_bytes(std::as_bytes(std::span(to)));
    for (std::uint64_t i = 3; i < head_words; ++i) words.u256(U256(i));
    return words.string("oracle").encoded();
}

TEST(OstiumReplies, are_read_by_the_words_of_the_reference) {
    const Trade trade = decode_trade(trade_words().encoded()).value();
    EXPECT_EQ(trade.collateral, U256(10'000'000));
    EXPECT_EQ(trade.open_price, price("129.4"));
    EXPECT_EQ(trade.trader, numbered(9));
    EXPECT_EQ(trade.leverage, 2000U);
    EXPECT_EQ(trade.pair, 3U);
    EXPECT_EQ(trade.index, 2U);
    EXPECT_TRUE(trade.is_long);
    const TradeInfo info = decode_trade_info(info_bytes(1500)).value();
    EXPECT_EQ(info.initial_leverage, 1500U);
    EXPECT_TRUE(info.being_closed);
    EXPECT_EQ(decode_pair_name(pair_bytes("BTC", "USD")).value(), "BTC/USD");
    EXPECT_EQ(decode_funding_rate(AbiWriter().i256(I256(1)).i256(I256(2)).i256(I256(-3)).i256(I256(4)).encoded())->per_block, I256(-3));
    EXPECT_EQ(decode_funding_fee(AbiWriter().i256(I256(-500'000)).i256(I256(1)).encoded()).value(), I256(-500'000));
}

TEST(OstiumReplies, of_another_width_are_errors_and_never_a_trade) {
    const auto each_width = [](const model::Bytes& whole, auto decode) {
        for (std::size_t size = 0; size <= whole.size() + 64; ++size) {
            if (size == whole.size()) continue;
            model::Bytes other = whole;
            other.resize(size);
            EXPECT_FALSE(decode(other)) << size;
        }
    };
    each_width(trade_words().encoded(), decode_trade);
    each_width(info_bytes(), decode_trade_info);
    each_width(AbiWriter().i256(I256(1)).i256(I256(2)).encoded(), decode_funding_fee);
    each_width(AbiWriter().u256(U256(1)).encoded(), [](Bytes bytes) { return decode_number(bytes, "word"); });
    for (const std::uint64_t words : {8U, 10U}) EXPECT_FALSE(decode_pair_name(pair_bytes("BTC", "USD", words))) << words;
    EXPECT_FALSE(decode_pair_name(pair_bytes("", "USD")));
    EXPECT_FALSE(decode_pair_name(pair_bytes(std::string_view("B\0C", 3), "USD")));
    // Words that are too large for their type, and a side that is none.
    model::Bytes shifted = trade_words().encoded();
    shifted[31 + 5 * 32 - 8] = std::byte{1};
    EXPECT_FALSE(decode_trade(shifted)) << "a leverage of more than 32 bits";
    model::Bytes sided = trade_words().encoded();
    sided.back() = std::byte{2};
    EXPECT_FALSE(decode_trade(sided));
}

/// One pair, BTC/USD without a feed, with two trades.
model::FactsPtr one_pair() {
    model::FactsBuilder facts{venue_schema};
    facts.add("chain_id", U256(1));
    for (const char* name : {"trading_storage", "registry", "pairInfos", "pairsStorage", "openPnl", "collateral_token"}) facts.add(name, numbered(7));
    facts.add("max_trades_per_pair", U256(2));
    facts.add("liq_margin_threshold", U256(25));
    facts.add("pairs", U256(1));
    facts.add(item("pair", 0, "name"), to_bytes("BTC/USD"));
    add_feeds({}, facts);
    facts.add("time", U256(200));
    return std::move(facts).build().value();
}
model::Bytes one_word(std::uint64_t value) { return AbiWriter().u256(U256(value)).encoded(); }
model::Result<AccountReadings> read(const std::vector<std::vector<model::Bytes>>& rounds) {
    const auto reading = account_reading(one_pair(), numbered(9));
    std::size_t asked = reading->next({}).size();
    for (const auto& round : rounds) {
        EXPECT_EQ(asked, round.size());
        std::vector<Reply> replies;
        for (const model::Bytes& bytes : round) replies.emplace_back(bytes);
        asked = reading->next(replies).size();
    }
    return reading->result();
}
std::vector<model::Bytes> trades_round(const model::Bytes& first, const model::Bytes& second) {
    const model::Bytes funding = AbiWriter().i256(I256(1)).i256(I256(2)).i256(I256(-3)).i256(I256(4)).encoded();
    return {one_word(10'000), one_word(0), AbiWriter().u256(price("130")).encoded(), funding, one_word(5), first, info_bytes(), second, info_bytes()};
}

TEST(OstiumReading, makes_a_slot_that_is_no_trade_unknown_and_leaves_its_sibling) {
    const model::Bytes good = trade_words(9, 0, 0).encoded();
    model::Bytes wide = trade_words(9, 0, 1).encoded();
    wide.resize(wide.size() + 32);
    const model::Bytes funding_fee = AbiWriter().i256(I256(-4)).i256(I256()).encoded();
    const auto accounts = read({{one_word(2)}, trades_round(good, wide), {one_word(7), funding_fee, one_word(500'000), one_word(6)}});
    ASSERT_TRUE(accounts) << accounts.error().message;
    ASSERT_EQ(accounts->size(), 2U);
    const AccountReading& read_one = accounts->at(0);
    EXPECT_EQ(read_one.sub, "trade.0.0");
    const RawTrade raw = raw_trade(*read_one.facts).value();
    EXPECT_EQ(raw.rollover_fee, U256(7));
    EXPECT_EQ(raw.funding_fee, I256(-4));
    EXPECT_TRUE(raw.price_is_old) << "of the last trade";
    EXPECT_EQ(raw.price, price("130"));
    EXPECT_TRUE(raw.funding_per_block.is_zero()) << "shorts pay";
    EXPECT_EQ(raw.rollover_per_block, U256(5));
    EXPECT_EQ(read_one.views.at(1).value, I256(6));
    EXPECT_EQ(accounts->at(1).sub, "trade.0.1");
    EXPECT_EQ(accounts->at(1).facts, nullptr);
    EXPECT_NE(accounts->at(1).reason.find("320 bytes instead of 288"), std::string::npos) << accounts->at(1).reason;
    // Somebody else's trade is not the owner's, and a trade that is not found is no trade less.
    const auto other = read({{one_word(1)}, trades_round(trade_words(8, 0, 0).encoded(), trade_words(9, 0, 1, 0).encoded())});
    EXPECT_NE(other->at(0).reason.find("another trader"), std::string::npos);
    EXPECT_FALSE(read({{one_word(2)}, trades_round(good, trade_words(9, 0, 1, 0).encoded())}));
    EXPECT_TRUE(read({{one_word(0)}})->empty());
}

TEST(OstiumLiquidationPrice, is_that_of_the_references_table) {
    // perps.md 4.3, of ostium-python-sdk tests/test_trade_liquidation_price.py, which rounds down to 6 decimals; maximum leverage 10.
    struct Case {
        bool is_long;
        const char *open, *collateral;
        std::uint64_t leverage, threshold;
        const char *rollover, *funding, *expected;
    };
    const Case cases[] = {{true, "100", "10", 2, 25, "1", "1", "62.5"},
                          {false, "1823.52", "1000", 100, 25, "10", "-4", "1796.057789"},
                          {true, "129.4", "250", 20, 10, "5", "2", "124.40516"},
                          {false, "27.2", "100", 2, 10, "2", "-0.5", "40.324"},
                          {false, "1.34", "1000", 50, 10, "23", "1", "1.352756"},
                          {true, "8704.5", "99", 20, 10, "0", "0", "8356.32"}};
    for (const Case& one : cases) {
        const RawTrade raw = trade_of(one.is_long, one.open, one.collateral, one.leverage, one.threshold, one.rollover, one.funding);
        const Figures f = figures_of(raw, 0).value();
        const I256 off = *checked_sub(*I256::from(f.liquidation_price), *I256::from(price(one.expected)));
        EXPECT_LT(off.magnitude(), U256::pow10(12)) << one.expected << ": " << model::decimal_text(*I256::from(f.liquidation_price), 18);
        // Far beyond it the test itself says yes, well before it no; its own roundings are within a millionth.
        const U256 part = *model::mul_div(f.liquidation_price, U256(1), U256(100'000), model::Rounding::up);
        const U256 above = *checked_add(f.liquidation_price, part);
        const U256 below = *checked_sub(f.liquidation_price, part);
        EXPECT_EQ(liquidatable_at(raw, one.is_long ? below : above), true) << one.expected;
        EXPECT_EQ(liquidatable_at(raw, one.is_long ? above : below), false) << one.expected;
    }
}

TEST(OstiumLiquidationPrice, has_the_divisions_of_the_contract) {
    // open x target / collateral x 100 / leverage by hand: 1000 x 2.333333 / 3 = 777.777666.., x 100 / 300 = 259.259222.., both cut off at 18 decimals.
    RawTrade raw = trade_of(true, "1000", "3", 3, 25, "0", "0");
    raw.rollover_fee = U256(441'667);
    raw.funding_fee = I256();
    raw.max_leverage = 1'000;
    // Margin: 3 x (25 x 300 x 10^6 / 1000) / 10^8 = 0.225; target 2.333333.
    const Figures f = figures_of(raw, 0).value();
    EXPECT_EQ(f.liquidation_margin, U256(225'000));
    EXPECT_EQ(f.liquidation_price, *checked_sub(price("1000"), U256::from_decimal("259259222222222222222").value()));
    // A target below 0 of a short truncates toward zero, too.
    raw.is_long = false;
    raw.rollover_fee = U256(3'108'333);
    EXPECT_EQ(figures_of(raw, 0)->liquidation_price, *checked_sub(price("1000"), U256::from_decimal("37037000000000000000").value()));
    // Never below 0.
    RawTrade light = trade_of(true, "100", "1000", 1, 25, "0", "-900");
    EXPECT_TRUE(figures_of(light, 0)->liquidation_price.is_zero());
}

TEST(OstiumValue, caps_profits_at_nine_times_the_collateral_less_what_the_leverage_came_down) {
    RawTrade raw = trade_of(true, "100", "10", 10, 25, "0", "0");
    raw.price = price("150");
    EXPECT_EQ(figures_of(raw, 0)->value, money("60"));
    raw.price = price("250");
    EXPECT_EQ(figures_of(raw, 0)->value, money("100")) << "+900 %";
    raw.initial_leverage = 2'000;
    EXPECT_EQ(figures_of(raw, 0)->percent_profit, I256(450'000'000)) << "opened at twice the leverage";
    raw.price = price("95");
    EXPECT_EQ(figures_of(raw, 0)->value, money("5"));
}

TEST(OstiumAccount, has_its_requirements_and_positions) {
    const RawTrade raw = trade_of(false, "2000", "1000", 5, 25, "1", "2");
    const auto account = account_of(raw);
    const auto standing = account->at(account->current()).value();
    EXPECT_EQ(standing.equity.to_string(), "997");
    EXPECT_EQ(standing.maintenance.to_string(), "125");
    EXPECT_EQ(standing.initial.to_string(), "500");
    const auto positions = account->positions(account->current()).value();
    ASSERT_EQ(positions.size(), 2U);
    EXPECT_TRUE(positions[0].collateral);
    EXPECT_EQ(positions[1].quantity.to_string(), "-2.5");
    EXPECT_EQ(positions[1].notional.to_string(), "-5000");
    EXPECT_EQ(positions[1].accrued.to_string(), "-3");
    EXPECT_EQ(account->terms(account->current())->loss.to_string(), "997");
    EXPECT_EQ(account->off_chain().band_ppm, 0U);
    EXPECT_TRUE(account->stale().empty());
    // A deposit of its collateral halves the leverage and leaves the position.
    const auto deeper = account->with({model::Verb::deposit, raw.collateral_token, scaled("1000", money_decimals)}).value();
    EXPECT_EQ(deeper->positions(deeper->current())->at(1).quantity.to_string(), "-2.5");
    EXPECT_EQ(deeper->at(deeper->current())->equity.to_string(), "1997");
    EXPECT_EQ(deeper->at(deeper->current())->maintenance.to_string(), "125");
    EXPECT_FALSE(account->with({model::Verb::deposit, raw.collateral_token, scaled("4001", money_decimals)})) << "below a leverage of 1";
    EXPECT_FALSE(account->with({model::Verb::reduce, raw.pair, U256(1)}));
    RawTrade old = raw;
    old.price_is_old = true;
    old.overnight_max_leverage = 400;
    EXPECT_EQ(account_of(old)->stale(), "ETH/USD");
    EXPECT_EQ(account_of(old)->off_chain().notes.size(), 3U);
}

TEST(OstiumAccount, pays_by_the_blocks_rates_as_time_goes_on) {
    RawTrade raw = trade_of(true, "2000", "1000", 5, 25, "1", "2");
    // 10^-9 of 5,000 USDC a block: 5 millionths, at 345,600 blocks a day 1.728 USDC each.
    raw.rollover_per_block = raw.funding_per_block = U256::pow10(9);
    EXPECT_EQ(figures_of(raw, 86'400)->value, money("993.544"));
    EXPECT_EQ(account_of(raw)->positions(account_of(raw)->current())->at(1).carry_per_day.to_string(), "-3.456");
    EXPECT_EQ(figures_of(raw, -86'400)->rollover, money("0")) << "not below nothing";
}

RawTrade any_trade() {
    RawTrade raw;
    raw.is_long = *rc::gen::arbitrary<bool>();
    raw.collateral = U256(*rc::gen::inRange<std::uint64_t>(1'000'000, 10'000'000'000'000));
    raw.open_price = *checked_mul(U256(*rc::gen::inRange<std::uint64_t>(1, 1'000'000'000)), U256::pow10(*rc::gen::inRange(9U, 15U)));
    raw.price = *model::mul_div(raw.open_price, U256(*rc::gen::inRange<std::uint64_t>(1, 3'000)), U256(1'000), model::Rounding::up);
    raw.leverage = *rc::gen::inRange<std::uint64_t>(100, 20'000);
    raw.initial_leverage = raw.leverage;
    raw.max_leverage = *rc::gen::inRange<std::uint64_t>(raw.leverage, 40'000);
    raw.liq_margin_threshold = *rc::gen::inRange<std::uint64_t>(1, 60);
    raw.rollover_fee = U256(*rc::gen::inRange<std::uint64_t>(1, 500'000));
    raw.funding_fee = I256(*rc::gen::inRange<std::int64_t>(-500'000, 500'000));
    raw.rollover_per_block = U256(*rc::gen::inRange<std::uint64_t>(0, 1'000'000'000));
    return raw;
}

RC_GTEST_PROP(OstiumLaws, twice_the_trade_needs_twice_the_margin, ()) {
    const RawTrade raw = any_trade();
    RawTrade twice = raw;
    twice.collateral = *checked_mul(raw.collateral, U256(2));
    twice.rollover_fee = *checked_mul(raw.rollover_fee, U256(2));
    twice.funding_fee = *checked_mul(raw.funding_fee, I256(2));
    const Figures one = *figures_of(raw, 0);
    const Figures two = *figures_of(twice, 0);
    const auto near = [](const I256& a, const I256& b) { return checked_sub(a, b)->magnitude() <= U256(2); };
    RC_ASSERT(near(*I256::from(two.liquidation_margin), *checked_mul(*I256::from(one.liquidation_margin), I256(2))));
    RC_ASSERT(near(two.value, *checked_mul(one.value, I256(2))));
}

RC_GTEST_PROP(OstiumLaws, long_and_short_mirror_each_other_around_the_opening_price, ()) {
    RawTrade raw = any_trade();
    raw.price = *model::mul_div(raw.open_price, U256(*rc::gen::inRange<std::uint64_t>(1, 2'000)), U256(1'000), model::Rounding::up);
    RawTrade mirror = raw;
    mirror.is_long = !raw.is_long;
    const U256 twice = *checked_mul(raw.open_price, U256(2));
    RC_PRE(raw.price < twice);
    mirror.price = *checked_sub(twice, raw.price);
    RC_ASSERT(figures_of(raw, 0)->value == figures_of(mirror, 0)->value);
    RC_ASSERT(figures_of(raw, 0)->liquidation_margin == figures_of(mirror, 0)->liquidation_margin);
}

RC_GTEST_PROP(OstiumLaws, once_liquidatable_a_worse_price_is_too_and_fees_never_raise_equity, ()) {
    const RawTrade raw = any_trade();
    RawTrade worse = raw;
    const U256 step(*rc::gen::inRange<std::uint64_t>(1, 1'000'000'000'000));
    worse.price = raw.is_long ? checked_sub(raw.price, std::min(step, *checked_sub(raw.price, U256(1)))).value() : checked_add(raw.price, step).value();
    const Figures f = *figures_of(raw, 0);
    const Figures w = *figures_of(worse, 0);
    RC_ASSERT(w.value <= f.value);
    RC_ASSERT(!f.liquidatable || w.liquidatable);
    RawTrade dearer = raw;
    dearer.rollover_fee = *checked_add(raw.rollover_fee, U256(*rc::gen::inRange<std::uint64_t>(1, 1'000'000)));
    RC_ASSERT(figures_of(dearer, 0)->value < f.value);
    dearer = raw;
    dearer.funding_fee = *checked_add(raw.funding_fee, I256(*rc::gen::inRange<std::int64_t>(1, 1'000'000)));
    RC_ASSERT(figures_of(dearer, 0)->value < f.value);
    RC_ASSERT(figures_of(raw, *rc::gen::inRange<std::int64_t>(1, 1'000'000))->value <= f.value);
}

TEST(OstiumFacts, come_back_as_they_were_written) {
    const RawTrade raw = trade_of(false, "1823.52", "1000", 100, 25, "10", "-4");
    model::FactsBuilder builder{account_schema};
    add_facts(raw, builder);
    const auto facts = std::move(builder).build().value();
    model::FactsBuilder again{account_schema};
    add_facts(raw_trade(*facts).value(), again);
    EXPECT_EQ(facts->content_hash(), std::move(again).build().value()->content_hash());
    EXPECT_EQ(pair_name(pair_address("BTC/USD")), "BTC/USD");
    EXPECT_EQ(pair_address("BTC/USD"), Address::parse("0x4254432f55534400000000000000000000000000").value());
    EXPECT_TRUE(pair_address("A NAME").is_zero());
    EXPECT_TRUE(pair_address("ANAMEOFMORETHANTWENTY/USD").is_zero());
}

TEST(PairFeeds, are_rows_of_a_feed_a_heartbeat_and_a_name) {
    const auto made = [](std::vector<const char*> rows) {
        config::Venue venue{{"ostium", {1}, ""}, {{"trading_storage", numbered(1)}, {"usdc", numbered(2)}}, {}};
        for (const char* row : rows) venue.ids[price_feeds_name].push_back(model::Bytes32::parse(row).value());
        return pair_feeds(venue);
    };
    const char* const btc = "0x6ce185860a4963106506c203335a2910413708e9000151804254430000000000";
    const auto feeds = made({btc, "0x86e53cf1b870786351da77a57575e79cb55812cb0000000a4c494e4b4c494e4b"});
    ASSERT_TRUE(feeds) << feeds.error().message;
    EXPECT_EQ(feeds->at(0).feed, Address::parse("0x6ce185860a4963106506C203335A2910413708e9").value());
    EXPECT_EQ(feeds->at(0).heartbeat_s, 86'400U);
    EXPECT_EQ(feeds->at(0).pair, pair_address("BTC/USD"));
    EXPECT_EQ(feeds->at(1).pair, pair_address("LINKLINK/USD"));
    EXPECT_FALSE(made({btc, btc}));
    EXPECT_FALSE(made({"0x0000000000000000000000000000000000000000000151804254430000000000"})) << "no feed";
    EXPECT_FALSE(made({"0x6ce185860a4963106506c203335a2910413708e9000000004254430000000000"})) << "no heartbeat";
    EXPECT_FALSE(made({"0x6ce185860a4963106506c203335a2910413708e9000151800000000000000000"})) << "no name";
    EXPECT_FALSE(made({"0x6ce185860a4963106506c203335a2910413708e9000151804254430042000000"})) << "a name with a gap";
    EXPECT_FALSE(made({"0x6ce185860a4963106506c203335a2910413708e9000151800754430000000000"})) << "no text";
}

}  // namespace
}  // namespace margind::adapters::protocols::ostium
