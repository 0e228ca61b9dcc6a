// Lyra Avalon without a chain: the rule on facts by hand, what it proves between two spots, and the readings on bytes.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/protocols/lyra_avalon/collateral.hpp"
#include "adapters/protocols/lyra_avalon/facts.hpp"
#include "adapters/protocols/lyra_avalon/protocol.hpp"
#include "risk/model/keccak.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace margind::adapters::protocols::lyra_avalon {
namespace {

using evm::AbiWriter;
using evm::Function;
using model::Address;
using model::Bytes;
using model::ErrorCode;
using model::FactsPtr;
using model::I256;
using model::U256;

constexpr std::int64_t now = 1'767'232'800;
constexpr std::int64_t day = 86'400;

Address address(unsigned n) {
    Address out;
    out.bytes[18] = std::byte(n >> 8);
    out.bytes[19] = std::byte(n & 255);
    return out;
}

const Address viewer = address(0x100);
const Address synthetix = address(0x101);
const Address exchanger = address(0x102);
const Address option_market = address(0x110);
const Address option_token = address(0x111);
const Address greek_cache = address(0x112);
const Address pricer = address(0x113);
const Address base = address(0x120);
const Address quote = address(0x121);
const Address owner = address(0x200);

/// Thousandths with 18 decimals.
U256 milli(std::uint64_t amount) { return *checked_mul(U256(amount), U256::pow10(15)); }

using Values = std::map<std::string, model::FactValue>;

/// The package's default parameters; one board of 14 days with strike 7 at 3,000; spot 3,000, GWAV vol 80 %.
Values venue_values() {
    Values v{{"chain_id", U256(1)}, {"time", U256(static_cast<std::uint64_t>(now))}, {"markets", U256(1)}, {"paused", false},
             {"synthetix_adapter", synthetix}};
    const auto market = [&](const char* name, model::FactValue value) { v[of_market(0, name)] = std::move(value); };
    market("option_market", option_market);
    market("option_token", option_token);
    market("greek_cache", greek_cache);
    market("pricer", pricer);
    market("base", base);
    market("quote", quote);
    market("name", to_bytes("sETH"));
    market("base_key", model::Bytes32{});
    market("paused", false);
    market("spot", milli(3'000'000));
    market("rate", *I256::from(milli(50)));
    market("static_quote", milli(200'000));
    market("static_base", milli(200));
    market("shock_vol_a", milli(2'500));
    market("shock_point_a", U256(14 * day));
    market("shock_vol_b", milli(1'800));
    market("shock_point_b", U256(56 * day));
    market("call_spot_shock", milli(1'200));
    market("put_spot_shock", milli(800));
    market("penalty_ratio", milli(200));
    market("liquidator_ratio", milli(400));
    market("security_module_ratio", milli(300));
    market("least_fee", milli(15'000));
    market("close_vol_shock", milli(1'300));
    market("close_vol_shock_after_cutoff", milli(1'600));
    market("close_spot_minimum", milli(20));
    market("trading_cutoff", U256(day / 2));
    for (const char* name : {"option_fee", "spot_fee"}) market(name, milli(10));
    for (const char* name : {"option_fee_1x", "spot_fee_1x"}) market(name, U256(42 * day));
    for (const char* name : {"option_fee_2x", "spot_fee_2x"}) market(name, U256(84 * day));
    market("standard_size", milli(5'000));
    market("skew_adjustment", milli(750));
    market("caps_skew", U256());
    market("least_skew", milli(150));
    market("largest_skew", milli(5'000));
    market("variance_fee", milli(250));
    market("vega_fee", milli(10));
    market("static_vega", U256());
    market("skew_fee", milli(3'000));
    market("static_skew", milli(1'000));
    market("reference_skew", milli(1'000));
    market("iv_fee", milli(1'500));
    market("static_iv", milli(1'000));
    market("base_quote_fee", milli(8));
    market("base_settlement_fee", milli(8));
    market("board.2.expiry", U256(static_cast<std::uint64_t>(now + 14 * day)));
    market("board.2.frozen", false);
    for (const char* name : {"board.2.iv", "board.2.iv_gwav", "board.2.close_iv_gwav", "board.2.variance_iv_gwav"}) market(name, milli(800));
    market("strike.7.board", U256(2));
    market("strike.7.price", milli(3'000'000));
    for (const char* name : {"strike.7.skew", "strike.7.skew_gwav", "strike.7.close_skew_gwav"}) market(name, milli(1'000));
    return v;
}

Values account_values(OptionType type, const U256& amount, const U256& collateral) {
    return {{"option_market", option_market}, {"position", U256(12)},  {"strike", U256(7)},     {"type", U256(static_cast<std::uint64_t>(type))},
            {"amount", amount},               {"collateral", collateral}, {"state", U256(1)}};
}

FactsPtr facts(const char* schema, const Values& values) {
    model::FactsBuilder builder{schema};
    for (const auto& [name, value] : values) builder.add(name, value);
    return *std::move(builder).build();
}

model::AssetMap assets() {
    model::AssetMap map;
    map.add({model::ChainId{1}, base, {"ETH"}, "sETH"});
    map.add({model::ChainId{1}, quote, {"USD"}, "sUSD"});
    return map;
}

model::Result<std::unique_ptr<model::PreparedAccount>> prepare(const Values& venue, const Values& account, const model::AssetMap& map = assets()) {
    return protocol().rule().prepare(*facts(venue_schema, venue), *facts(account_schema, account), map);
}

std::string text(const model::Money& money) { return money.to_string(); }

TEST(LyraRule, settled_positions_are_worth_what_is_paid_out) {
    // Settled at 3,600: calls pay 600, of base (600 / 3,600) / (1 - .008) = 0.168010752688172042 each.
    Values venue = venue_values();
    for (const char* gone : {"board.2.frozen", "board.2.iv", "board.2.iv_gwav", "board.2.close_iv_gwav", "board.2.variance_iv_gwav"})
        venue.erase(of_market(0, gone));
    venue[of_market(0, "board.2.price_at_expiry")] = milli(3'600'000);
    venue[of_market(0, "strike.7.base_ratio")] = U256(168'010'752'688'172'042);
    const struct {
        OptionType type;
        std::uint64_t amount;
        std::uint64_t collateral;
        const char* equity;
    } cases[] = {
        {OptionType::long_call, 2'500, 0, "1500"},
        {OptionType::long_put, 2'500, 0, "0"},
        // 1 - 0.336021505376344084 base at a spot of 3,000.
        {OptionType::short_call_base, 2'000, 1'000, "1991.935483870967748"},
        {OptionType::short_call_quote, 2'000, 1'250'000, "50"},
        {OptionType::short_call_quote, 2'000, 1'100'000, "0"},
        {OptionType::short_put_quote, 2'000, 1'100'000, "1100"},
    };
    for (const auto& c : cases) {
        const auto account = prepare(venue, account_values(c.type, milli(c.amount), milli(c.collateral)));
        ASSERT_TRUE(account) << account.error().message;
        const auto standing = (*account)->at((*account)->current());
        ASSERT_TRUE(standing) << standing.error().message;
        EXPECT_EQ(text(standing->equity), c.equity) << static_cast<int>(c.type);
        EXPECT_FALSE(standing->liquidatable);
        EXPECT_TRUE((*account)->vol_inputs().empty());
        EXPECT_TRUE((*account)->options().empty());
        const auto positions = (*account)->positions((*account)->current());
        ASSERT_TRUE(positions && positions->front().option);
        EXPECT_EQ(text(*positions->front().option->settlement_price), "3600");
    }
}

TEST(LyraRule, an_expired_board_is_valued_at_the_present_spot) {
    Values venue = venue_values();
    venue["time"] = U256(static_cast<std::uint64_t>(now + 15 * day));
    venue[of_market(0, "spot")] = milli(2'400'000);
    // Owes 600 x 2; nobody can liquidate it any more.
    const auto account = prepare(venue, account_values(OptionType::short_put_quote, milli(2'000), milli(1'000'000)));
    ASSERT_TRUE(account) << account.error().message;
    const auto standing = (*account)->at((*account)->current());
    EXPECT_EQ(text(standing->equity), "0");
    EXPECT_FALSE(standing->liquidatable);
    EXPECT_EQ(text((*account)->positions((*account)->current())->front().notional), "-1000");
    EXPECT_EQ(text((*account)->positions((*account)->current())->front().option->delta), "-1");
}

TEST(LyraRule, a_short_is_liquidatable_below_its_minimum_and_not_at_it) {
    const Exposure exposure{OptionType::short_put_quote, milli(3'000'000), milli(2'000), milli(3'000'000), static_cast<std::uint64_t>(14 * day)};
    CollateralTerms terms{milli(200'000), milli(200), milli(2'500), U256(14 * day), milli(1'800), U256(56 * day), milli(1'200), milli(800)};
    const U256 minimum = min_collateral(terms, *I256::from(milli(50)), exposure).value();
    for (const auto& [collateral, liquidatable] : {std::pair(minimum, false), std::pair(*checked_sub(minimum, U256(1)), true)}) {
        const auto account = prepare(venue_values(), account_values(OptionType::short_put_quote, milli(2'000), collateral));
        ASSERT_TRUE(account) << account.error().message;
        const auto standing = (*account)->at((*account)->current());
        EXPECT_EQ(standing->liquidatable, liquidatable);
        EXPECT_EQ(checked_sub(standing->equity.raw, standing->maintenance.raw), *checked_sub(*I256::from(collateral), *I256::from(minimum)));
    }
    // Exactly what a put can cost is always enough: no spot liquidates it.
    const auto full = prepare(venue_values(), account_values(OptionType::short_put_quote, milli(2'000), milli(6'000'000)));
    model::State state = (*full)->current();
    for (const std::uint64_t spot : {1U, 1'000U, 2'999'999U, 50'000'000U}) {
        state.prices.front() = milli(spot);
        EXPECT_FALSE((*full)->at(state)->liquidatable) << spot;
    }
}

TEST(LyraRule, vol_moves_the_mark_and_not_the_minimum) {
    const auto account = prepare(venue_values(), account_values(OptionType::short_call_quote, milli(1'000), milli(3'000'000)));
    ASSERT_TRUE(account);
    ASSERT_EQ((*account)->vol_inputs().size(), 1U);
    EXPECT_EQ((*account)->vol_inputs().front().vol, milli(800));
    EXPECT_EQ((*account)->vol_inputs().front().time_to_expiry_s, 14 * day);
    model::State state = (*account)->current();
    const auto before = (*account)->at(state);
    const auto figures = (*account)->native(state);
    state.vols.front() = milli(1'600);
    const auto after = (*account)->at(state);
    EXPECT_LT(after->equity.raw, before->equity.raw);
    EXPECT_EQ(checked_sub(after->equity.raw, after->maintenance.raw), checked_sub(before->equity.raw, before->maintenance.raw));
    EXPECT_EQ(*(*account)->native(state), *figures);
}

TEST(LyraRule, adjustments_are_deposits_and_partial_closes) {
    const auto account = prepare(venue_values(), account_values(OptionType::short_call_base, milli(2'000), milli(1'000)));
    const auto options = (*account)->options();
    ASSERT_EQ(options.size(), 2U);
    EXPECT_EQ(options[0].asset, base);
    EXPECT_EQ(options[1].max_raw, milli(2'000));
    const auto deposited = (*account)->with({model::Verb::deposit, base, milli(500)});
    EXPECT_EQ((*deposited)->native((*deposited)->current())->at(1).value, *I256::from(milli(1'500)));
    const auto closed = (*account)->with({model::Verb::reduce, option_market, milli(2'000)});
    EXPECT_EQ(text((*closed)->at((*closed)->current())->equity), "0");
    EXPECT_FALSE((*account)->with({model::Verb::reduce, option_market, milli(2'001)}));
    EXPECT_FALSE((*account)->with({model::Verb::deposit, quote, milli(1)}));
    Values frozen = venue_values();
    frozen[of_market(0, "board.2.frozen")] = true;
    EXPECT_EQ((*prepare(frozen, account_values(OptionType::short_call_base, milli(2'000), milli(1'000))))->options().size(), 1U);
}

TEST(LyraRule, tells_options_on_a_growing_token_in_units_of_its_base) {
    model::AssetMap map = assets();
    map.add({model::ChainId{1}, base, {"wstETH"}, "wstETH", model::UnitRatio{model::RatioSource::wsteth, {"ETH"}, milli(1'250)}});
    const Values held = account_values(OptionType::short_call_base, milli(2'000), milli(1'000));
    const auto plain = prepare(venue_values(), held);
    const auto account = prepare(venue_values(), held, map);
    ASSERT_TRUE(account) << account.error().message;
    EXPECT_EQ((*account)->inputs().at(0).underlying.symbol, "ETH");
    EXPECT_EQ(text((*account)->at((*account)->current())->equity), text((*plain)->at((*plain)->current())->equity));
    const auto positions = (*account)->positions((*account)->current()).value();
    const auto before = (*plain)->positions((*plain)->current()).value();
    // 2 options on a token of 1.25 ETH, struck at 3,000 for it; the token stands at 3,000.
    EXPECT_EQ(positions[0].underlying.symbol, "ETH");
    EXPECT_EQ(text(positions[0].quantity), "-2.5");
    EXPECT_EQ(text(positions[0].option->strike), "2400");
    EXPECT_EQ(positions[0].mark.raw, I256::from(*mul_div(before[0].mark.raw.magnitude(), U256(4), U256(5), model::Rounding::half_up)));
    EXPECT_EQ(text(positions[0].notional), text(before[0].notional));
    EXPECT_EQ(text(positions[1].quantity), "1.25");
    EXPECT_EQ(text(positions[1].mark), "2400");
    EXPECT_EQ(text(positions[1].notional), "3000");
    EXPECT_EQ((*account)->options().at(0).units, milli(1'250));
}

TEST(LyraRule, refuses_what_it_cannot_know) {
    const Values account = account_values(OptionType::short_call_base, milli(2'000), milli(1'000));
    const auto why = [&](const Values& venue, const Values& of, const model::AssetMap& map = assets()) {
        const auto prepared = prepare(venue, of, map);
        return prepared ? std::string() : prepared.error().message;
    };
    EXPECT_NE(why(venue_values(), account, {}).find("unmapped_asset " + base.to_string()), std::string::npos);
    Values venue = venue_values();
    venue.erase(of_market(0, "spot"));
    venue[of_market(0, "spot_refused")] = to_bytes("RateIsInvalid");
    EXPECT_EQ(why(venue, account), "no spot price: RateIsInvalid");
    venue = venue_values();
    venue[of_market(0, "reason")] = to_bytes("getForceCloseParams: reverted");
    EXPECT_EQ(why(venue, account), "getForceCloseParams: reverted");
    Values other = account;
    other["strike"] = U256(8);
    EXPECT_NE(why(venue_values(), other).find("strike 8 is on no board"), std::string::npos);
    other = account;
    other["state"] = U256(3);
    EXPECT_NE(why(venue_values(), other).find("not active"), std::string::npos);
    other = account;
    other["type"] = U256(5);
    EXPECT_NE(why(venue_values(), other).find("type"), std::string::npos);
    other = account;
    other["option_market"] = address(9);
    EXPECT_NE(why(venue_values(), other).find("not among the viewer's"), std::string::npos);
    const auto schema = protocol().rule().prepare(*facts("lyra_avalon.venue/2", venue_values()), *facts(account_schema, account), assets());
    ASSERT_FALSE(schema);
    EXPECT_EQ(schema.error().code, ErrorCode::unknown_schema);
}

// What is proved between two spots holds at spots between them.
TEST(LyraRule, proofs_hold_at_every_spot_between) {
    std::mt19937_64 random{7};
    const auto pick = [&](std::uint64_t low, std::uint64_t high) { return std::uniform_int_distribution<std::uint64_t>(low, high)(random); };
    int proved = 0;
    for (int i = 0; i < 60; ++i) {
        const auto type = static_cast<OptionType>(i % 5);
        const std::uint64_t collateral = type == OptionType::short_call_base ? pick(100, 2'000) : pick(200'000, 6'000'000);
        Values venue = venue_values();
        if (i % 7 == 0) venue["time"] = U256(static_cast<std::uint64_t>(now + 14 * day - static_cast<std::int64_t>(pick(0, 10))));
        const auto account = prepare(venue, account_values(type, milli(pick(1, 3'000)), milli(is_short(type) ? collateral : 0)));
        ASSERT_TRUE(account);
        const std::uint64_t bottom = pick(300'000, 6'000'000);
        const std::uint64_t top = bottom + pick(1, 3'000'000);
        model::State low = (*account)->current();
        model::State high = low;
        low.prices.front() = milli(bottom);
        high.prices.front() = milli(top);
        const auto enclosure = (*account)->between(low, high);
        if (!enclosure) continue;
        proved += enclosure->liquidatable.has_value();
        for (int k = 0; k < 12; ++k) {
            model::State state = low;
            state.prices.front() = k == 0 ? milli(bottom) : k == 1 ? milli(top) : milli(pick(bottom, top));
            const auto standing = (*account)->at(state);
            ASSERT_TRUE(standing);
            if (enclosure->liquidatable) {
                EXPECT_EQ(standing->liquidatable, *enclosure->liquidatable);
            }
            const I256 excess = *checked_sub(standing->equity.raw, standing->maintenance.raw);
            EXPECT_GE(excess, enclosure->least_excess.raw);
            EXPECT_LE(excess, enclosure->largest_excess.raw);
            EXPECT_LE(standing->equity.raw.magnitude(), enclosure->magnitude.raw.magnitude());
        }
    }
    EXPECT_GT(proved, 30);
}

TEST(LyraEvents, name_the_owners) {
    const auto topic = [](const Address& who) {
        model::Bytes32 out;
        std::copy(who.bytes.begin(), who.bytes.end(), out.bytes.begin() + 12);
        return out;
    };
    config::Venue settings;
    settings.id = {"lyra_avalon", model::ChainId{1}, ""};
    settings.addresses["option_market_viewer"] = viewer;
    const auto adapter = *protocol().make(settings);
    Log log;
    log.topics = {model::keccak256("PositionUpdated(uint256,address,uint8,(uint256,uint256,uint8,uint256,uint256,uint8),uint256)"),
                  {}, topic(owner), {}};
    EXPECT_EQ(adapter->touched(log), std::vector<Address>{owner});
    log.topics = {model::keccak256("Transfer(address,address,uint256)"), topic({}), topic(owner), {}};
    EXPECT_EQ(adapter->touched(log), std::vector<Address>{owner});
    log.topics = {model::keccak256("Transfer(address,address,uint256)"), topic(owner), topic(viewer), {}};
    EXPECT_EQ(adapter->touched(log), (std::vector<Address>{owner, viewer}));
    log.topics = {model::keccak256("Approval(address,address,uint256)"), topic(owner), topic(viewer), {}};
    EXPECT_TRUE(adapter->touched(log).empty());
    const auto watch = adapter->watch(*facts(venue_schema, venue_values()));
    ASSERT_TRUE(watch);
    EXPECT_EQ(watch->addresses, std::vector<Address>{option_token});
}

Reply bytes_reply(Bytes bytes) { return Reply(std::variant<Bytes, std::vector<Log>>(std::move(bytes))); }

TEST(LyraReadings, refuse_a_viewer_without_code_and_short_replies) {
    config::Venue settings;
    settings.id = {"lyra_avalon", model::ChainId{1}, ""};
    settings.addresses["option_market_viewer"] = viewer;
    const auto adapter = *protocol().make(settings);
    const auto code_of = [&](const std::vector<Reply>& replies) {
        const auto reading = adapter->read_config();
        EXPECT_EQ(reading->next({}).size(), 3U);
        EXPECT_TRUE(reading->next(replies).empty());
        const auto result = reading->result();
        EXPECT_FALSE(result);
        return result ? ErrorCode::limit : result.error().code;
    };
    const Bytes code{std::byte{1}};
    EXPECT_EQ(code_of({bytes_reply({}), bytes_reply({}), bytes_reply({})}), ErrorCode::no_code);
    EXPECT_EQ(code_of({bytes_reply(code), bytes_reply({}), bytes_reply(AbiWriter().address(synthetix).encoded())}), ErrorCode::decode);
    EXPECT_EQ(code_of({bytes_reply(code), model::fail(ErrorCode::reverted, "0x"), bytes_reply(AbiWriter().address(synthetix).encoded())}),
              ErrorCode::reverted);
    EXPECT_EQ(code_of({}), ErrorCode::upstream);
}

// One owner: an option of a live board, one whose settlement stands in its own facts, and a market that does not answer.
TEST(LyraReadings, read_each_position_by_itself) {
    config::Venue settings;
    settings.id = {"lyra_avalon", model::ChainId{1}, ""};
    settings.addresses["option_market_viewer"] = viewer;
    const auto adapter = *protocol().make(settings);
    Values venue = venue_values();
    venue["markets"] = U256(2);
    venue[of_market(1, "option_market")] = address(0x130);
    venue[of_market(1, "option_token")] = address(0x131);
    venue[of_market(1, "greek_cache")] = address(0x132);
    venue[of_market(1, "name")] = to_bytes("sBTC");
    const auto reading = adapter->read_account(facts(venue_schema, venue), owner, {});
    ASSERT_EQ(reading->next({}).size(), 2U);
    const auto position = [](std::uint64_t id, std::uint64_t strike) {
        return AbiWriter().u256(U256(id)).u256(U256(strike)).u256(U256(3)).u256(milli(2'000)).u256(milli(900'000)).u256(U256(1));
    };
    AbiWriter list;
    for (const auto& [id, strike] : {std::pair(12, 7), std::pair(3, 1)}) {
        const Bytes words = position(static_cast<std::uint64_t>(id), static_cast<std::uint64_t>(strike)).encoded();
        for (std::size_t at = 0; at < words.size(); at += 32) list.fixed_bytes(std::span(words).subspan(at, 32));
    }
    const auto second = reading->next(
        std::vector<Reply>{bytes_reply(AbiWriter().array(2, list).encoded()), model::fail(ErrorCode::reverted, "0x1234")});
    // Its margin and its liquidation for the first; strike and settlement for the second.
    ASSERT_EQ(second.size(), 4U);
    AbiWriter strike;
    for (const std::uint64_t value : {1U, 2'000U, 1U, 0U, 0U, 0U, 0U, 0U, 1U}) strike.u256(U256(value));
    strike.tuple(AbiWriter().u256(1).u256(U256(1'700'000'000)).u256(1).boolean(false).array(0, AbiWriter()));
    const std::vector<Reply> replies{bytes_reply(AbiWriter().u256(milli(950'000)).encoded()), bytes_reply(AbiWriter().boolean(true).encoded()),
                                     bytes_reply(strike.encoded()), bytes_reply(AbiWriter().u256(2'000).u256(milli(2'500'000)).u256(0).encoded())};
    EXPECT_TRUE(reading->next(replies).empty());
    const auto result = reading->result();
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_EQ(result->size(), 3U);
    EXPECT_EQ((*result)[0].sub, "sBTC");
    EXPECT_FALSE((*result)[0].facts);
    EXPECT_NE((*result)[0].reason.find("0x1234"), std::string::npos);
    EXPECT_EQ((*result)[1].sub, "sETH/12");
    EXPECT_EQ((*result)[1].views.size(), 5U);
    EXPECT_EQ((*result)[2].sub, "sETH/3");
    EXPECT_EQ((*result)[2].facts->u256("price_at_expiry").value(), milli(2'500'000));
    EXPECT_EQ((*result)[2].views.size(), 2U);
}

}  // namespace
}  // namespace margind::adapters::protocols::lyra_avalon
