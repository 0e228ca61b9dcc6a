// gTrade: calls and replies as bytes, the worked numbers of the project's reference (perps.md 3), and laws of the test.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/pair_feeds.hpp"
#include "adapters/protocols/gtrade/book.hpp"
#include "adapters/protocols/gtrade/contracts.hpp"
#include "adapters/protocols/gtrade/readings.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

namespace margind::adapters::protocols::gtrade {
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
U256 scaled(const char* text, std::uint8_t decimals) { return model::parse_decimal(text, decimals).value().magnitude(); }
U256 price(const char* text) { return scaled(text, price_decimals); }
U256 usdc(const char* text) { return scaled(text, 6); }
I256 dollars(const char* text) { return model::parse_decimal(text, 6).value(); }
constexpr std::uint64_t percent = 10'000'000'000;

/// 1,000 USDC at 10x on a pair opened at 100, without any fee.
RawTrade plain(bool is_long, std::uint64_t leverage = 10'000) {
    RawTrade raw;
    raw.is_long = is_long;
    raw.pair = pair_address("ETH/USD");
    raw.collateral_token = numbered(7);
    raw.collateral_decimals = 6;
    raw.contracts_version = 2;
    raw.leverage = leverage;
    raw.max_leverage = 150'000;
    raw.collateral = usdc("1000");
    raw.open_price = raw.price = price("100");
    raw.collateral_price = scaled("1", 8);
    return raw;
}
RawTrade at_price(RawTrade raw, const char* now) {
    raw.price = price(now);
    return raw;
}
Figures figures(const RawTrade& raw) { return figures_of(raw, place_of(raw)).value(); }
std::unique_ptr<model::PreparedAccount> account_of(const RawTrade& raw) { return prepared(Book{raw, {{"ETH"}, "ETH/USD"}, {{"USDC"}, "USDC"}}); }
bool liquidatable_at(const RawTrade& raw, const U256& at) { return account_of(raw)->liquidatable(State{{at, raw.collateral_price}}).value(); }

Trade some_trade() {
    Trade trade;
    trade.user = numbered(1);
    trade.index = 3;
    trade.pair = 1;
    trade.leverage = 10'000;
    trade.collateral = 1;
    trade.collateral_amount = usdc("1000");
    trade.open_price = price("100");
    trade.is_counter_trade = true;
    return trade;
}

TEST(GTradeCalls, are_those_of_the_reference) {
    const Address diamond = numbered(5);
    // perps.md 11.1.
    EXPECT_EQ(model::to_hex(std::get<Call>(get_trades(diamond, numbered(1))).data), "0x4bfad7c00000000000000000000000000000000000000000000000000000000000000001");
    const auto selector = [](const Request& request) { return model::to_hex(std::get<Call>(request).data).substr(0, 10); };
    // perps.md A.3.
    EXPECT_EQ(selector(get_trade_infos(diamond, {})), "0x0d1e3c94");
    EXPECT_EQ(selector(get_trades_liquidation_params(diamond, {})), "0xf7746f3c");
    EXPECT_EQ(selector(get_trade(diamond, {}, 0)), "0x15878e07");
    EXPECT_EQ(selector(get_trade_info(diamond, {}, 0)), "0x75cd812d");
    EXPECT_EQ(selector(get_trade_liquidation_params(diamond, {}, 0)), "0x28dc892f");
    EXPECT_EQ(selector(get_collaterals(diamond)), "0x78b92636");
    EXPECT_EQ(selector(get_trading_activated(diamond)), "0x4115c122");
    EXPECT_EQ(selector(get_collateral_price(diamond, 1)), "0xbbb4e3f9");
    const Trade trade = some_trade();
    EXPECT_EQ(selector(get_holding_fees(diamond, trade, U256(1))), "0x668cdc31");
    EXPECT_EQ(selector(get_fees_data(diamond, trade)), "0x2b9455fd");
    EXPECT_EQ(selector(get_pair(diamond, 1)), "0xb91ac788");
    EXPECT_EQ(selector(get_pairs_count(diamond)), "0xb81b2b71");
    EXPECT_EQ(selector(get_pair_spread(diamond, trade)), "0xd6bfb055");
    EXPECT_EQ(selector(get_max_leverage(diamond, 1)), "0x281b693c");
    EXPECT_EQ(selector(get_min_position_size(diamond, 1)), "0x5e26ff4e");
    EXPECT_EQ(selector(get_position_size_fee(diamond, 1)), "0xc927b4b6");
    EXPECT_EQ(selector(get_borrowing_rate(diamond, trade)), "0x3d64f422");
    EXPECT_EQ(selector(get_funding_rate(diamond, trade)), "0xb26b98fd");
    // perps.md 3.2, LiqPriceInput: 18 words inline.
    const LiquidationParams params{11, 12, 13, 14, 15};
    const std::string call = model::to_hex(std::get<Call>(get_liquidation_price(diamond, trade, params, price("101"))).data);
    EXPECT_EQ(call.substr(0, 10), "0xef6c0449");
    ASSERT_EQ(call.size(), 10 + 18 * 64U);
    const auto word = [&](std::size_t i) { return U256::from_hex("0x" + call.substr(10 + i * 64, 64)).value(); };
    EXPECT_EQ(word(0), U256(1));
    EXPECT_EQ(word(3), U256(3));
    EXPECT_EQ(word(4), price("100"));
    EXPECT_EQ(word(6), usdc("1000"));
    EXPECT_EQ(word(7), U256(10'000));
    EXPECT_EQ(word(8), U256());
    for (std::size_t i = 9; i < 14; ++i) EXPECT_EQ(word(i), U256(i + 2));
    EXPECT_EQ(word(14), price("101"));
    EXPECT_EQ(word(15), U256(1));
    EXPECT_EQ(word(16), U256::pow10(18));
    EXPECT_EQ(word(17), U256());
}

/// Words 0 to 14 as the reference has them.
AbiWriter trade_words(std::uint64_t index) {
    return AbiWriter().address(numbered(9)).u256(U256(index)).u256(U256(21)).u256(U256(75'500)).boolean(true).boolean(true).u256(U256(3)).u256(U256(0)).u256(usdc("1234.5"))
        .u256(price("1850.25")).u256(price("2000")).u256(price("1800")).boolean(true).u256(U256(99)).u256(U256(0));
}
AbiWriter words_of(std::initializer_list<std::uint64_t> values) {
    AbiWriter words;
    for (const std::uint64_t value : values) words.u256(U256(value));
    return words;
}
model::Bytes array(std::size_t count, const std::function<AbiWriter(std::size_t)>& one) {
    AbiWriter elements;
    for (std::size_t i = 0; i < count; ++i) elements.tuple(one(i));
    return AbiWriter().array(count, elements).encoded();
}

TEST(GTradeReplies, are_read_by_the_words_of_the_reference) {
    const auto trades = decode_trades(array(2, [](std::size_t i) { return trade_words(i + 4); })).value();
    ASSERT_EQ(trades.size(), 2U);
    const Trade& trade = trades[1];
    EXPECT_EQ(trade.user, numbered(9));
    EXPECT_EQ(trade.index, 5U);
    EXPECT_EQ(trade.pair, 21U);
    EXPECT_EQ(trade.leverage, 75'500U);
    EXPECT_TRUE(trade.is_long);
    EXPECT_TRUE(trade.is_open);
    EXPECT_EQ(trade.collateral, 3U);
    EXPECT_EQ(trade.type, 0U);
    EXPECT_EQ(trade.collateral_amount, usdc("1234.5"));
    EXPECT_EQ(trade.open_price, price("1850.25"));
    EXPECT_TRUE(trade.is_counter_trade);
    EXPECT_TRUE(decode_trades(array(0, [](std::size_t) { return AbiWriter(); }))->empty());
    EXPECT_EQ(decode_versions(array(2, [](std::size_t i) { return words_of({1, 2, 3, 4, 5, 6, i + 1, 8, 9}); })).value(), (std::vector<std::uint64_t>{1, 2}));
    const auto params = decode_liquidation_params(array(1, [](std::size_t) { return words_of({1, 2, 3, 4, 5}); })).value();
    EXPECT_EQ(params[0].max_liq_spread, 1U);
    EXPECT_EQ(params[0].end_leverage, 5U);
    const auto fees = decode_fees_data(array(1, [](std::size_t) { return AbiWriter().u256(U256(7)).i256(I256(-8)).tuple(words_of({1, 2, 3, 4})).i256(I256(-1)).u256(U256(2)); }));
    EXPECT_EQ(fees->realized_trading_fees, U256(7));
    EXPECT_EQ(fees->realized_pnl, I256(-8));
    EXPECT_EQ(decode_holding_fees(AbiWriter().i256(I256(-5)).u256(U256(2)).u256(U256(1)).i256(I256(-2)).encoded()).value(), I256(-2));
    EXPECT_FALSE(decode_holding_fees(AbiWriter().i256(I256(-5)).u256(U256(2)).u256(U256(1)).i256(I256(-1)).encoded())) << "no sum";
    // perps.md 3.6: USDC 1e6, DAI 1e18.
    const auto collaterals = decode_collaterals(array(2, [](std::size_t i) {
        return AbiWriter().address(numbered(30)).boolean(true).u256(U256()).u256(U256::pow10(i == 0 ? 6 : 18)).u256(U256::pow10(i == 0 ? 12 : 0));
    }));
    EXPECT_EQ(collaterals->at(0).decimals, 6U);
    EXPECT_EQ(collaterals->at(1).decimals, 18U);
    EXPECT_FALSE(decode_collaterals(array(1, [](std::size_t) { return words_of({30, 1, 0, 1'000'000, 1'000'000}); })));
    EXPECT_EQ(decode_pair_name(AbiWriter().tuple(AbiWriter().string("BTC").string("USD").u256(U256(1)).u256(U256(2))).encoded()).value(), "BTC/USD");
    EXPECT_EQ(decode_borrowing_rate(array(1, [](std::size_t) { return words_of({77, 0}); })).value(), U256(77));
    EXPECT_EQ(decode_funding_rate(array(1, [](std::size_t) { return AbiWriter().i256(I256(1)).i256(I256(2)).i256(I256(-3)).u256(U256(4)).u256(U256()); })).value(), I256(-3));
}

TEST(GTradeReplies, of_another_width_are_errors_and_never_a_trade) {
    const auto refuses = [](const model::Bytes& bytes) { return !decode_trades(bytes); };
    for (const std::size_t count : {1U, 2U, 3U}) {
        const model::Bytes whole = array(count, [](std::size_t i) { return trade_words(i); });
        ASSERT_FALSE(refuses(whole));
        for (std::size_t size = 0; size < whole.size(); size += 31) EXPECT_TRUE(refuses(model::Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
        model::Bytes wide = whole;
        wide.resize(wide.size() + 32);
        EXPECT_TRUE(refuses(wide));
        // Of 14 or 16 words each.
        EXPECT_TRUE(refuses(array(count, [](std::size_t i) { return trade_words(i).u256(U256(1)); })));
        model::Bytes narrow = whole;
        narrow.erase(narrow.begin() + 64, narrow.begin() + 64 + 32 * static_cast<std::ptrdiff_t>(count));
        EXPECT_TRUE(refuses(narrow));
    }
    for (const std::size_t width : {8U, 10U})
        EXPECT_FALSE(decode_versions(array(1, [&](std::size_t) {
            AbiWriter words;
            for (std::size_t i = 0; i < width; ++i) words.u256(U256(1));
            return words;
        }))) << width;
    EXPECT_FALSE(decode_liquidation_params(array(1, [](std::size_t) { return words_of({1, 2, 3, 4}); })));
    EXPECT_FALSE(decode_fees_data(array(2, [](std::size_t) { return words_of({1, 2, 3, 4, 5, 6, 7, 8}); }))) << "two for one";
    EXPECT_FALSE(decode_fees_data(array(0, [](std::size_t) { return AbiWriter(); })));
    EXPECT_FALSE(check_width(model::Bytes(14 * 32), 15, "getTrade"));
}

TEST(GTradeReading, joins_by_place_and_makes_what_has_no_price_or_a_bad_figure_unknown_alone) {
    model::FactsBuilder facts{venue_schema};
    facts.add("chain_id", U256(1));
    facts.add("diamond", numbered(5));
    facts.add("trading_activated", U256());
    facts.add("collaterals", U256(3));
    for (std::size_t i = 0; i < 3; ++i) {
        facts.add(item("collateral", i, "token"), numbered(6));
        facts.add(item("collateral", i, "decimals"), U256(6));
        facts.add(item("collateral", i, "price"), scaled("1", 8));
    }
    add_feeds({{numbered(8), 60, pair_address("ETH/USD"), 8}}, facts);
    facts.add(item("feed", 0, "answer"), scaled("1900", 8));
    facts.add(item("feed", 0, "updated_at"), U256(100));
    facts.add("time", U256(160));
    const auto reading = account_reading(std::move(facts).build().value(), numbered(9));
    const auto next = [&](const std::vector<model::Bytes>& round) {
        std::vector<Reply> replies;
        for (const model::Bytes& bytes : round) replies.emplace_back(bytes);
        return reading->next(replies).size();
    };
    const auto word = [](std::uint64_t value) { return words_of({value}).encoded(); };
    const auto named = [](const char* from) { return AbiWriter().tuple(AbiWriter().string(from).string("USD").u256(U256(1))).encoded(); };
    ASSERT_EQ(next({}), 3U);
    ASSERT_EQ(next({array(3, [](std::size_t i) { return trade_words(i + 4); }), array(3, [](std::size_t i) { return words_of({1, 2, 3, 4, 5, 6, i, 8, 9}); }),
                    array(3, [](std::size_t i) { return words_of({11, 900, 800, 5, i + 6}); })}),
              3U);
    // Of trades 4 and 6 eleven figures each; trade 5 is in a pair without a feed.
    ASSERT_EQ(next({named("ETH"), named("DOGE"), named("ETH")}), 22U);
    const model::Bytes fees = array(1, [](std::size_t) { return words_of({7, 8, 0, 0, 0, 0, 0, 0}); });
    const auto holding = [](std::int64_t fee) { return AbiWriter().i256(I256(fee)).u256(U256()).u256(U256()).i256(I256(fee)).encoded(); };
    const model::Bytes borrowing = array(1, [](std::size_t) { return words_of({77, 0}); });
    const model::Bytes funding = array(1, [](std::size_t) { return words_of({1, 2, 33, 4, 0}); });
    std::vector<model::Bytes> figures{fees, holding(5), holding(6), word(1), word(2), word(3), word(4), word(150'000), borrowing, funding, word(500)};
    std::vector<model::Bytes> both = figures;
    both.insert(both.end(), figures.begin(), figures.end());
    // The last trade's price of liquidation with a word behind it.
    both[11 + 3].resize(64);
    ASSERT_EQ(next(both), 0U);
    const auto accounts = reading->result();
    ASSERT_TRUE(accounts) << accounts.error().message;
    ASSERT_EQ(accounts->size(), 3U);
    EXPECT_EQ(accounts->at(0).sub, "trade.4");
    const RawTrade raw = raw_trade(*accounts->at(0).facts).value();
    EXPECT_EQ(raw.price, price("1900"));
    EXPECT_FALSE(raw.price_is_old) << "just in time";
    EXPECT_EQ(raw.contracts_version, 0U);
    EXPECT_EQ(raw.end_leverage, 6U);
    EXPECT_EQ(raw.holding_fees_at_twice, I256(6));
    EXPECT_EQ(raw.realized_pnl, I256(8));
    EXPECT_EQ(raw.borrowing_per_second, U256(77));
    EXPECT_TRUE(raw.funding_per_second.is_zero()) << "of version 10 alone";
    EXPECT_EQ(raw.fee_multiplier, 500U);
    EXPECT_NE(accounts->at(1).reason.find("no price of DOGE/USD"), std::string::npos) << accounts->at(1).reason;
    EXPECT_EQ(accounts->at(2).facts, nullptr);
    EXPECT_NE(accounts->at(2).reason.find("64 bytes instead of 32"), std::string::npos) << accounts->at(2).reason;
}

TEST(GTradeProfit, is_that_of_the_sdks_own_test) {
    // perps.md 3.6, of pnl.test.ts: 100 to 110 long at 10x is +100 %, to 95 -50 %, a loss is capped at -100 %.
    EXPECT_EQ(percent_profit(price("100"), price("110"), true, 10'000), I256(static_cast<std::int64_t>(100 * percent)));
    EXPECT_EQ(percent_profit(price("100"), price("95"), true, 10'000), I256(-static_cast<std::int64_t>(50 * percent)));
    EXPECT_EQ(percent_profit(price("100"), price("80"), true, 10'000), I256(-static_cast<std::int64_t>(100 * percent)));
    EXPECT_EQ(percent_profit(price("100"), price("95"), false, 10'000), I256(static_cast<std::int64_t>(50 * percent)));
    // Value of 1,000 at +50 % with a fee of 10: 1,490; at -30 %: 690; of 100 at -80 % with 30: 0, which is -10 before it is cut off.
    const auto value = [](const char* collateral, const char* now, const char* fee) {
        RawTrade raw = at_price(plain(true), now);
        raw.collateral = usdc(collateral);
        raw.realized_trading_fees = usdc(fee);
        return figures(raw).value;
    };
    EXPECT_EQ(value("1000", "105", "10"), dollars("1490"));
    EXPECT_EQ(value("1000", "97", "10"), dollars("690"));
    EXPECT_EQ(value("100", "92", "30"), dollars("-10"));
}

TEST(GTradeThreshold, runs_from_start_to_end_by_the_leverage) {
    // perps.md 3.6: start - (start - end) x (leverage - start leverage) / (end leverage - start leverage).
    RawTrade raw = plain(true);
    EXPECT_EQ(loss_threshold(raw), U256(90 * percent)) << "none are set";
    raw.max_liq_spread = percent / 20;
    raw.start_threshold = 90 * percent;
    raw.end_threshold = 80 * percent;
    raw.start_leverage = 50'000;
    raw.end_leverage = 150'000;
    const auto at = [&](std::uint64_t leverage) {
        raw.leverage = leverage;
        return loss_threshold(raw);
    };
    EXPECT_EQ(at(10'000), U256(90 * percent));
    EXPECT_EQ(at(50'000), U256(90 * percent));
    EXPECT_EQ(at(100'000), U256(85 * percent));
    EXPECT_EQ(at(125'500), U256(8'245'000'000U * 100U));
    EXPECT_EQ(at(150'000), U256(80 * percent));
    EXPECT_EQ(at(200'000), U256(80 * percent));
    raw.end_leverage = raw.start_leverage;
    EXPECT_EQ(at(50'000), U256(90 * percent));
    raw.end_leverage = 0;
    EXPECT_EQ(at(100'000), U256(90 * percent)) << "any that is 0";
}

TEST(GTradeLiquidationPrice, has_the_distance_of_the_formula) {
    // perps.md 3.6: distance = open x (collateral x threshold - fees) / collateral / leverage: 100 x 900 / 1000 / 10 = 9.
    EXPECT_EQ(figures(plain(true)).liquidation_price, price("91"));
    EXPECT_EQ(figures(plain(false)).liquidation_price, price("109"));
    for (const bool is_long : {true, false}) {
        RawTrade raw = plain(is_long);
        // 0.06 % of 10,000 is 6; pending 12, lost 20 and paid 2: 40 USDC nearer by 0.4.
        raw.position_size_fee = U256(percent * 6 / 100);
        raw.holding_fees = raw.holding_fees_at_twice = dollars("12");
        raw.realized_pnl = dollars("-20");
        raw.realized_trading_fees = usdc("2");
        EXPECT_EQ(figures(raw).closing_fee, usdc("6"));
        EXPECT_EQ(figures(raw).fees, dollars("40"));
        EXPECT_EQ(figures(raw).liquidation_price, price(is_long ? "91.4" : "108.6"));
        // Half of a spread of 0.08 %, not above the most of 0.05 %; not before version 9.2.
        raw.spread = U256(percent * 8 / 100);
        EXPECT_EQ(figures(raw).closing_spread, U256()) << "nothing is the most";
        raw.max_liq_spread = percent * 5 / 100;
        EXPECT_EQ(figures(raw).liquidation_price, price(is_long ? "91.44" : "108.56"));
        raw.spread = U256(percent * 30 / 100);
        EXPECT_EQ(figures(raw).liquidation_price, price(is_long ? "91.45" : "108.55"));
        raw.contracts_version = 0;
        EXPECT_EQ(figures(raw).liquidation_price, price(is_long ? "91.4" : "108.6"));
        raw.contracts_version = 1;
        const U256 at = figures(raw).liquidation_price;
        const U256 beyond = is_long ? *checked_add(at, U256(1)) : *checked_sub(at, U256(1));
        EXPECT_TRUE(liquidatable_at(raw, at));
        EXPECT_FALSE(liquidatable_at(raw, beyond)) << "one unit nearer";
        // There N is what must remain, but for roundings.
        const auto standing = account_of(raw)->at(State{{at, raw.collateral_price}}).value();
        EXPECT_LE(checked_sub(standing.equity.raw, standing.maintenance.raw)->magnitude(), U256(3));
    }
}

TEST(GTradeClosingFee, counts_the_least_position_and_a_counter_trades_multiplier) {
    RawTrade raw = plain(true);
    raw.position_size_fee = U256(percent / 10);
    EXPECT_EQ(figures(raw).closing_fee, usdc("10"));
    raw.fee_multiplier = 500;
    EXPECT_EQ(figures(raw).closing_fee, usdc("5"));
    // The least position is 8,000 USD: 16,000 USDC at 0.5, whatever the multiplier.
    raw.min_position_size = scaled("8000", 18);
    EXPECT_EQ(figures(raw).closing_fee, usdc("8"));
    raw.collateral_price = scaled("0.5", 8);
    EXPECT_EQ(figures(raw).closing_fee, usdc("16"));
    // A position of 1 ETH behind 0.1: 8,000 USD at 2,000 are 4 ETH.
    raw.collateral_decimals = 18;
    raw.collateral = scaled("0.1", 18);
    raw.collateral_price = scaled("2000", 8);
    EXPECT_EQ(figures(raw).closing_fee, scaled("0.004", 18));
}

TEST(GTradeHoldingFees, follow_the_price_between_two_answers_and_time_by_the_rates) {
    RawTrade raw = plain(true);
    raw.holding_fees = dollars("10");
    raw.holding_fees_at_twice = dollars("14");
    EXPECT_EQ(figures_of(raw, {price("100"), raw.collateral_price, 0})->holding_fees, dollars("10"));
    EXPECT_EQ(figures_of(raw, {price("200"), raw.collateral_price, 0})->holding_fees, dollars("14"));
    EXPECT_EQ(figures_of(raw, {price("75"), raw.collateral_price, 0})->holding_fees, dollars("9"));
    // perps.md 3.5: size x rate x seconds x price / open / 100: 10,000 x 10^-6 % x 86,400 = 8.64 each.
    raw.borrowing_per_second = U256(10'000);
    raw.funding_per_second = U256(1'000'000'000'000);
    EXPECT_EQ(figures_of(raw, {price("100"), raw.collateral_price, 86'400})->holding_fees, dollars("27.28"));
    EXPECT_EQ(account_of(raw)->positions(account_of(raw)->current())->at(1).carry_per_day.to_string(), "-17.28");
    EXPECT_EQ(figures_of(raw, {price("100"), raw.collateral_price, -86'400})->holding_fees, dollars("-7.28"));
}

TEST(GTradeAccount, has_its_requirements_and_positions) {
    RawTrade raw = plain(false);
    raw.position_size_fee = U256(percent / 10);
    raw.max_liq_spread = percent / 10;
    raw.spread = U256(percent / 10);
    const auto account = account_of(raw);
    const auto standing = account->at(account->current()).value();
    EXPECT_EQ(standing.equity.to_string(), "990");
    // 10 % of 1,000, and half of 0.1 % of 10,000.
    EXPECT_EQ(standing.maintenance.to_string(), "105");
    EXPECT_EQ(standing.initial.to_string(), "105") << "10,000 / 150 would be less";
    const auto positions = account->positions(account->current()).value();
    ASSERT_EQ(positions.size(), 2U);
    EXPECT_EQ(positions[0].quantity.to_string(), "1000");
    EXPECT_EQ(positions[1].quantity.to_string(), "-100");
    EXPECT_EQ(positions[1].notional.to_string(), "-10000");
    EXPECT_EQ(positions[1].accrued.to_string(), "-10");
    // The same behind 0.5 WETH at 2,000 USD, told in WETH.
    RawTrade weth = raw;
    weth.collateral_decimals = 18;
    weth.collateral = scaled("0.5", 18);
    weth.collateral_price = scaled("2000", 8);
    const auto in_weth = account_of(weth)->positions(account_of(weth)->current()).value();
    EXPECT_EQ(in_weth[1].quantity.to_string(), "-100");
    EXPECT_EQ(in_weth[1].mark.to_string(), "0.05");
    EXPECT_EQ(in_weth[1].notional.to_string(), "-5");
    const auto deeper = account->with({model::Verb::deposit, raw.collateral_token, usdc("1000")}).value();
    EXPECT_EQ(deeper->positions(deeper->current())->at(1).quantity.to_string(), "-100");
    EXPECT_EQ(deeper->at(deeper->current())->equity.to_string(), "1990");
    EXPECT_FALSE(account->with({model::Verb::deposit, raw.collateral_token, usdc("9001")}));
    EXPECT_FALSE(account->with({model::Verb::reduce, raw.pair, U256(1)}));
    EXPECT_EQ(account->off_chain().band_ppm, 0U);
    raw.price_is_old = true;
    EXPECT_EQ(account_of(raw)->stale(), "ETH/USD");
    EXPECT_EQ(account_of(raw)->off_chain().notes.size(), 1U);
}

RawTrade any_trade() {
    RawTrade raw = plain(*rc::gen::arbitrary<bool>());
    raw.contracts_version = *rc::gen::inRange<std::uint64_t>(0, 3);
    raw.leverage = *rc::gen::inRange<std::uint64_t>(1'100, 200'000);
    raw.collateral = U256(*rc::gen::inRange<std::uint64_t>(1'000'000, 10'000'000'000'000));
    raw.open_price = U256(*rc::gen::inRange<std::uint64_t>(1'000'000, 1'000'000'000'000'000));
    raw.price = *model::mul_div(raw.open_price, U256(*rc::gen::inRange<std::uint64_t>(1, 2'500)), U256(1'000), model::Rounding::up);
    raw.position_size_fee = U256(*rc::gen::inRange<std::uint64_t>(0, percent));
    raw.spread = U256(*rc::gen::inRange<std::uint64_t>(0, percent));
    raw.max_liq_spread = *rc::gen::inRange<std::uint64_t>(0, percent / 2);
    raw.end_threshold = *rc::gen::inRange<std::uint64_t>(50 * percent, 80 * percent);
    raw.start_threshold = *rc::gen::inRange<std::uint64_t>(raw.end_threshold, 90 * percent);
    raw.start_leverage = *rc::gen::inRange<std::uint64_t>(1'000, 100'000);
    raw.end_leverage = *rc::gen::inRange<std::uint64_t>(raw.start_leverage, 200'000);
    raw.holding_fees = I256(*rc::gen::inRange<std::int64_t>(-100'000, 400'000));
    raw.holding_fees_at_twice = *checked_add(raw.holding_fees, I256(*rc::gen::inRange<std::int64_t>(0, 100'000)));
    raw.realized_pnl = I256(*rc::gen::inRange<std::int64_t>(-100'000, 100'000));
    raw.realized_trading_fees = U256(*rc::gen::inRange<std::uint64_t>(0, 100'000));
    return raw;
}

RC_GTEST_PROP(GTradeLaws, twice_the_trade_needs_twice_the_margin_and_is_liquidated_at_the_same_price, ()) {
    const RawTrade raw = any_trade();
    RawTrade twice = raw;
    twice.collateral = *checked_mul(raw.collateral, U256(2));
    for (I256 RawTrade::*member : {&RawTrade::holding_fees, &RawTrade::holding_fees_at_twice, &RawTrade::realized_pnl}) twice.*member = *checked_mul(raw.*member, I256(2));
    twice.realized_trading_fees = *checked_mul(raw.realized_trading_fees, U256(2));
    const Figures one = figures(raw);
    const Figures two = figures(twice);
    const auto near = [](const I256& a, const I256& b, std::uint64_t off) { return checked_sub(a, b)->magnitude() <= U256(off); };
    RC_ASSERT(near(*I256::from(two.maintenance), *checked_mul(*I256::from(one.maintenance), I256(2)), 5));
    RC_ASSERT(near(two.value, *checked_mul(one.value, I256(2)), 5));
    // A millionth of a dollar of rounding, by the price.
    const U256 grain = *checked_add(*model::mul_div(raw.open_price, U256(5), raw.collateral, model::Rounding::up), U256(5));
    RC_ASSERT(checked_sub(*I256::from(two.liquidation_price), *I256::from(one.liquidation_price))->magnitude() <= grain);
}

RC_GTEST_PROP(GTradeLaws, long_and_short_mirror_each_other_around_the_opening_price, ()) {
    RawTrade raw = any_trade();
    raw.holding_fees_at_twice = raw.holding_fees;
    raw.price = *model::mul_div(raw.open_price, U256(*rc::gen::inRange<std::uint64_t>(1, 2'000)), U256(1'000), model::Rounding::up);
    RawTrade mirror = raw;
    mirror.is_long = !raw.is_long;
    const U256 twice = *checked_mul(raw.open_price, U256(2));
    RC_PRE(raw.price < twice);
    mirror.price = *checked_sub(twice, raw.price);
    const Figures a = figures(raw);
    const Figures b = figures(mirror);
    RC_ASSERT(a.value == b.value);
    RC_ASSERT(a.maintenance == b.maintenance);
    if (!a.liquidation_price.is_zero() && !b.liquidation_price.is_zero()) RC_ASSERT(*checked_add(a.liquidation_price, b.liquidation_price) == twice);
}

RC_GTEST_PROP(GTradeLaws, once_liquidatable_a_worse_price_is_too_and_fees_never_raise_equity, ()) {
    RawTrade raw = any_trade();
    raw.holding_fees_at_twice = raw.holding_fees;
    const U256 step = *model::mul_div(raw.open_price, U256(*rc::gen::inRange<std::uint64_t>(1, 1'000)), U256(10'000), model::Rounding::up);
    const U256 worse = raw.is_long ? checked_sub(raw.price, std::min(step, *checked_sub(raw.price, U256(1)))).value() : checked_add(raw.price, step).value();
    const Figures f = figures(raw);
    const Figures w = figures_of(raw, {worse, raw.collateral_price, 0}).value();
    RC_ASSERT(w.value <= f.value);
    RC_ASSERT(!f.liquidatable || w.liquidatable);
    const I256 more(*rc::gen::inRange<std::int64_t>(1, 1'000'000));
    RawTrade dearer = raw;
    dearer.holding_fees = *checked_add(raw.holding_fees, more);
    RC_ASSERT(figures(dearer).value < f.value);
    dearer = raw;
    dearer.realized_trading_fees = *checked_add(raw.realized_trading_fees, more.magnitude());
    RC_ASSERT(figures(dearer).value < f.value);
    dearer = raw;
    dearer.position_size_fee = *checked_add(raw.position_size_fee, U256(percent));
    RC_ASSERT(figures(dearer).value < f.value);
    const U256 nearer = figures(dearer).liquidation_price;
    if (raw.is_long) RC_ASSERT(nearer >= f.liquidation_price);
    else RC_ASSERT(nearer <= f.liquidation_price);
    dearer = raw;
    dearer.borrowing_per_second = U256(1'000);
    RC_ASSERT(figures_of(dearer, {raw.price, raw.collateral_price, 86'400})->value <= f.value);
}

TEST(GTradeFacts, come_back_as_they_were_written) {
    RawTrade raw = plain(false);
    raw.realized_pnl = dollars("-20");
    model::FactsBuilder builder{account_schema};
    add_facts(raw, builder);
    const auto facts = std::move(builder).build().value();
    model::FactsBuilder again{account_schema};
    add_facts(raw_trade(*facts).value(), again);
    EXPECT_EQ(facts->content_hash(), std::move(again).build().value()->content_hash());
}

}  // namespace
}  // namespace margind::adapters::protocols::gtrade
