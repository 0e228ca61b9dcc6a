// Morpho Blue on bytes and facts by hand: ids, incentive, interest, health, verdicts of static calls. Expected numbers: the published
// market id, whole-number arithmetic by Python, and the examples of Morpho's documentation.
#include "adapters/evm/abi_writer.hpp"
#include "adapters/evm/multicall.hpp"
#include "adapters/protocols/morpho_blue/calls.hpp"
#include "adapters/protocols/morpho_blue/events.hpp"
#include "adapters/protocols/morpho_blue/facts.hpp"
#include "adapters/protocols/morpho_blue/readings.hpp"
#include "adapters/protocols/morpho_blue/rule.hpp"
#include "adapters/protocols/morpho_blue/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace margind::adapters::protocols::morpho_blue {
namespace {

using model::Address;
using model::Bytes;
using model::Bytes32;
using model::FactsPtr;
using model::I256;
using model::U256;

Address address(const char* text) { return Address::parse(text).value(); }
U256 number(const char* digits) { return U256::from_decimal(digits).value(); }

const MarketParams wsteth_usdc{address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), address("0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0"),
                               address("0x48F7E36EB6B826B2dF4B2E630B62Cd25e89E40e2"), address("0x870aC11D48B15DB9a138Cf899d20F13F79Ba00BC"),
                               U256(860'000'000'000'000'000)};
const Bytes32 market = Bytes32::parse("0xb323495f7e4148be5643a4ea4a8221eef163e4bccfdedc2a6f4696baacbc86cc").value();
const Address early = address("0x00000000000000000000000000000000000000E1");

struct Given {
    U256 supply_shares{};
    U256 borrow_shares{};
    U256 collateral{};
    U256 rate{};
    U256 price = number("3500000000000000000000000000");
    bool price_refused = false;
    std::uint64_t elapsed = 0;
    bool authorized = false;
    std::optional<model::UnitRatio> ratio{};
};

FactsPtr venue_of(const Given& given) {
    model::FactsBuilder facts{std::string(venue_schema)};
    facts.add("chain_id", U256(1));
    facts.add("block_time", U256(1'767'225'600));
    facts.add("morpho", address("0xBBBBBbbBBb9cC5e90e3b3Af64bdAF62C37EEFFCb"));
    facts.add("markets", joined(std::vector<Bytes32>{market}));
    facts.add("pre_liquidations", joined(std::vector<Address>{early}));
    const auto add = [&](const char* field, model::FactValue value) { facts.add(market_fact(market, field), std::move(value)); };
    add("loan_token", wsteth_usdc.loan_token);
    add("collateral_token", wsteth_usdc.collateral_token);
    add("oracle", wsteth_usdc.oracle);
    add("irm", wsteth_usdc.irm);
    add("lltv", wsteth_usdc.lltv);
    add("loan_decimals", U256(6));
    add("collateral_decimals", U256(18));
    // 1,000,000 USDC lent out of 2,000,000.
    add("total_supply_assets", U256(2'000'000'000'000));
    add("total_supply_shares", U256(1'900'000'000'000'000'000));
    add("total_borrow_assets", U256(1'000'000'000'000));
    add("total_borrow_shares", U256(950'000'000'000'000'000));
    add("last_update", U256(1'767'225'600 - given.elapsed));
    add("fee", U256{});
    add("rate", given.rate);
    if (given.price_refused)
        add("price_refused", text_fact("reverted: no answer"));
    else
        add("price", given.price);
    const auto pre = [&](const char* field, model::FactValue value) { facts.add(pre_liquidation_fact(early, field), std::move(value)); };
    pre("market", market);
    pre("pre_lltv", U256(800'000'000'000'000'000));
    pre("close_factor_1", U256(200'000'000'000'000'000));
    pre("close_factor_2", U256(1'000'000'000'000'000'000));
    pre("incentive_1", U256(1'010'000'000'000'000'000));
    pre("incentive_2", U256(1'040'000'000'000'000'000));
    pre("oracle", wsteth_usdc.oracle);
    if (!given.price_refused) pre("price", given.price);
    return std::move(facts).build().value();
}

FactsPtr account_of(const Given& given) {
    model::FactsBuilder facts{std::string(account_schema)};
    facts.add("market", market);
    facts.add("supply_shares", given.supply_shares);
    facts.add("borrow_shares", given.borrow_shares);
    facts.add("collateral", given.collateral);
    facts.add("authorized", given.authorized ? joined(std::vector<Address>{early}) : Bytes{});
    return std::move(facts).build().value();
}

model::Result<std::unique_ptr<model::PreparedAccount>> prepare(const Given& given) {
    model::AssetMap assets;
    assets.add({{1}, wsteth_usdc.loan_token, {"USDC"}, "USDC"});
    assets.add({{1}, wsteth_usdc.collateral_token, {"wstETH"}, "wstETH", given.ratio});
    return rule().prepare(*venue_of(given), *account_of(given), assets);
}

I256 figure(const model::PreparedAccount& account, const model::State& state, std::string_view name) {
    const auto figures = account.native(state);
    for (const auto& one : figures.value())
        if (one.name == name) return one.value;
    ADD_FAILURE() << "no figure " << name;
    return {};
}

/// 10,000 USDC against 4 wstETH at 3,500.
const Given borrower{{}, U256(9'500'000'000'000'000), U256(4'000'000'000'000'000'000)};

TEST(MorphoBlue, identifies_a_market_by_the_hash_of_its_five_words) { EXPECT_EQ(id_of(wsteth_usdc), market); }

TEST(MorphoBlue, pays_liquidators_what_its_whitepaper_says) {
    const std::pair<std::uint64_t, std::uint64_t> golden[] = {{860, 1'043'841'336'116'910'229},
                                                              {945, 1'016'776'817'488'561'260},
                                                              {915, 1'026'167'265'264'238'070},
                                                              {770, 1'074'113'856'068'743'286},
                                                              {625, 1'126'760'563'380'281'690},
                                                              {385, 1'150'000'000'000'000'000}};
    for (const auto& [per_mille, factor] : golden)
        EXPECT_EQ(liquidation_incentive_factor(U256(per_mille * 1'000'000'000'000'000)), U256(factor)) << per_mille;
}

TEST(MorphoBlue, accrues_by_three_terms_and_mints_the_fee) {
    // Python: x = 10^9 * 86400; g = x + x*x//(2*10^18) + (x*x//(2*10^18))*x//(3*10^18); i = 10^12 * g // 10^18.
    const Totals stored{U256(2'000'000'000'000), U256(1'900'000'000'000'000'000), U256(1'000'000'000'000), U256(950'000'000'000'000'000)};
    const auto day = accrued(stored, U256(1'000'000'000), 86'400, {});
    ASSERT_TRUE(day);
    EXPECT_EQ(day->borrow_assets, U256(1'000'086'403'732));
    EXPECT_EQ(day->supply_assets, U256(2'000'086'403'732));
    EXPECT_EQ(day->supply_shares, stored.supply_shares);
    // f = 86403732 * 10^17 // 10^18; shares = 1.9*10^18 + f * (1.9*10^18 + 10^6) // (2000086403732 - f + 1).
    const auto taxed = accrued(stored, U256(1'000'000'000), 86'400, U256(100'000'000'000'000'000));
    ASSERT_TRUE(taxed);
    EXPECT_EQ(taxed->supply_shares, number("1900008208035207805"));
    EXPECT_FALSE(accrued(stored, U256::pow2(200), 86'400, {})) << "what the contract cannot hold";
}

TEST(MorphoBlue, computes_the_published_example) {
    const auto account = prepare(borrower);
    ASSERT_TRUE(account) << account.error().message;
    const model::State now = (*account)->current();
    EXPECT_EQ(figure(**account, now, "borrowed"), I256(10'000'000'000));
    EXPECT_EQ(figure(**account, now, "collateralValue"), I256(14'000'000'000));
    EXPECT_EQ(figure(**account, now, "maxBorrow"), I256(12'040'000'000));
    EXPECT_EQ(figure(**account, now, "healthFactor"), I256(1'204'000'000'000'000'000));
    const model::Standing standing = (*account)->at(now).value();
    EXPECT_EQ(standing.equity.to_string(), "4000");
    EXPECT_EQ(standing.equity.unit, "USDC");
    EXPECT_EQ(standing.maintenance.to_string(), "1960");
    EXPECT_FALSE(standing.liquidatable);
    const model::LiquidationTerms terms = (*account)->terms(now).value();
    EXPECT_EQ(terms.close_factor_bps, 10'000U);
    EXPECT_EQ(terms.penalty_bps, 439U);
    // 10,000 x 0.043841336116910229, up to the last unit.
    EXPECT_EQ(terms.loss.to_string(), "438.413362");
}

TEST(MorphoBlue, tells_a_growing_token_in_units_of_its_base) {
    Given given = borrower;
    given.ratio = model::UnitRatio{model::RatioSource::wsteth, {"ETH"}, number("1250000000000000000")};
    const auto account = prepare(given);
    ASSERT_TRUE(account) << account.error().message;
    const model::State now = (*account)->current();
    EXPECT_EQ((*account)->inputs().at(1).underlying.symbol, "ETH");
    EXPECT_EQ((*account)->inputs().at(1).price, given.price) << "of the token";
    EXPECT_EQ(figure(**account, now, "healthFactor"), I256(1'204'000'000'000'000'000));
    const auto positions = (*account)->positions(now).value();
    ASSERT_EQ(positions.size(), 2U);
    EXPECT_EQ(positions[0].underlying.symbol, "ETH");
    EXPECT_EQ(positions[0].label, "wstETH");
    EXPECT_EQ(positions[0].quantity.to_string(), "5");
    EXPECT_EQ(positions[0].mark.to_string(), "2800");
    EXPECT_EQ(positions[0].notional.to_string(), "14000");
    EXPECT_EQ(positions[1].quantity.to_string(), "-10000");
    EXPECT_EQ((*account)->options().at(1).units, number("1250000000000000000"));
    given.ratio->units.reset();
    EXPECT_EQ((*prepare(given))->inputs().at(1).underlying.symbol, "wstETH") << "a ratio that nobody read";
}

TEST(MorphoBlue, liquidates_strictly_below_the_limit) {
    const auto account = prepare(borrower).value();
    model::State state = account->current();
    // 10,000 USDC / (4 x 0.86) = 2906.976744186046...: at 2906.97674418604651162790697675 the limit is 10,000 USDC again.
    state.prices[1] = number("2906976744250000000000000000");
    EXPECT_FALSE(account->liquidatable(state).value());
    state.prices[1] = number("2906976740000000000000000000");
    EXPECT_TRUE(account->liquidatable(state).value());
    // The same by the loan token: 3500 / 2906.97674 = 1.204.
    state = account->current();
    state.prices[0] = number("1203900000000000000");
    EXPECT_FALSE(account->liquidatable(state).value());
    state.prices[0] = number("1204100000000000000");
    EXPECT_TRUE(account->liquidatable(state).value());
}

TEST(MorphoBlue, counts_the_earlier_trigger_of_a_contract_that_may) {
    Given given = borrower;
    given.authorized = true;
    const auto account = prepare(given).value();
    model::State state = account->current();
    EXPECT_EQ(account->at(state).value().maintenance.to_string(), "2800") << "14,000 - 0.8 x 14,000";
    EXPECT_EQ(figure(*account, state, "preMaxBorrow"), I256(11'200'000'000));
    EXPECT_FALSE(account->liquidatable(state).value());
    // A loan-to-value of 0.83: half way between 0.80 and 0.86.
    state.prices[1] = number("3012048192771084337349397591");
    EXPECT_TRUE(account->at(state).value().liquidatable);
    EXPECT_EQ(figure(*account, state, "liquidatable"), I256(0));
    EXPECT_EQ(figure(*account, state, "preLiquidatable"), I256(1));
    const model::LiquidationTerms terms = account->terms(state).value();
    EXPECT_EQ(terms.close_factor_bps, 6'001U) << "half of 0.2 to 1, rounded up";
    EXPECT_EQ(terms.penalty_bps, 251U);
    // Past the market's own limit the contract lets go.
    state.prices[1] = number("2900000000000000000000000000");
    EXPECT_EQ(figure(*account, state, "liquidatable"), I256(1));
    EXPECT_EQ(figure(*account, state, "preLiquidatable"), I256(0));
    EXPECT_EQ(account->terms(state).value().penalty_bps, 439U);
}

TEST(MorphoBlue, encloses_what_lies_between_two_states) {
    Given given = borrower;
    given.authorized = true;
    const auto account = prepare(given).value();
    model::State low = account->current();
    model::State high = low;
    low.prices[1] = number("3200000000000000000000000000");
    const auto safe = account->between(low, high);
    ASSERT_TRUE(safe);
    EXPECT_EQ(safe->liquidatable, false);
    high.prices[1] = number("3100000000000000000000000000");
    low.prices[1] = number("1000000000000000000000000000");
    const auto broken = account->between(low, high);
    ASSERT_TRUE(broken);
    EXPECT_EQ(broken->liquidatable, true);
    high.prices[0] = number("1100000000000000000");
    high.prices[1] = number("3500000000000000000000000000");
    EXPECT_FALSE(account->between(low, high)->liquidatable.has_value());
}

TEST(MorphoBlue, knows_a_lender_without_a_price_and_nobody_else) {
    Given given;
    given.supply_shares = U256(1'000'000'000'000'000);
    given.price_refused = true;
    const auto lender = prepare(given);
    ASSERT_TRUE(lender) << lender.error().message;
    EXPECT_TRUE((*lender)->at((*lender)->current()).value().equity.raw.is_zero());
    const auto positions = (*lender)->positions((*lender)->current()).value();
    ASSERT_EQ(positions.size(), 1U);
    EXPECT_FALSE(positions[0].collateral);
    given.collateral = U256(1);
    const auto holder = prepare(given);
    ASSERT_FALSE(holder);
    EXPECT_EQ(holder.error().message, "price_refused: reverted: no answer");
}

TEST(MorphoBlue, repays_by_shares_what_is_all_of_it) {
    Given given = borrower;
    given.rate = U256(1'000'000'000);
    given.elapsed = 86'400;
    const auto account = prepare(given).value();
    const U256 owed = account->options().front().max_raw;
    // ceil(9500e12 * 1000086403733 / 950000000001e6)
    EXPECT_EQ(owed, U256(10'000'864'038));
    const auto none = account->with({model::Verb::repay, wsteth_usdc.loan_token, owed}).value();
    EXPECT_TRUE(figure(*none, none->current(), "borrowed").is_zero());
    EXPECT_TRUE(none->options().empty());
    EXPECT_FALSE(account->with({model::Verb::reduce, wsteth_usdc.loan_token, owed}));
}

TEST(MorphoBlue, takes_a_static_call_at_its_word) {
    const auto reverted = [](const Bytes& payload) {
        return Reply(model::fail(model::ErrorCode::reverted, evm::revert_text(payload)));
    };
    const evm::Function error("Error(string)");
    const evm::Function panic("Panic(uint256)");
    EXPECT_EQ(liquidation_verdict(reverted(error(evm::AbiWriter().string("position is healthy")))).value(), false);
    EXPECT_EQ(liquidation_verdict(reverted(panic(evm::AbiWriter().u256(U256(0x11))))).value(), true);
    EXPECT_EQ(liquidation_verdict(reverted(error(evm::AbiWriter().string("max uint128 exceeded")))).value(), true);
    EXPECT_FALSE(liquidation_verdict(reverted(error(evm::AbiWriter().string("negative answer")))));
    EXPECT_FALSE(liquidation_verdict(reverted(panic(evm::AbiWriter().u256(U256(0x12))))));
    EXPECT_FALSE(liquidation_verdict(reverted({})));
    EXPECT_FALSE(liquidation_verdict(Reply(std::variant<Bytes, std::vector<Log>>(Bytes(64)))));
    EXPECT_FALSE(liquidation_verdict(Reply(model::fail(model::ErrorCode::unreachable, "position is healthy"))));
    EXPECT_EQ(pre_liquidation_verdict(reverted(evm::Function("NotPreLiquidatablePosition()")())).value(), false);
    EXPECT_EQ(pre_liquidation_verdict(reverted(evm::Function("LiquidatablePosition()")())).value(), false);
    EXPECT_EQ(pre_liquidation_verdict(reverted(panic(evm::AbiWriter().u256(U256(0x11))))).value(), true);
}

TEST(MorphoBlue, refuses_a_contract_of_another_kind_or_chain) {
    Scope scope{{1}, address("0xBBBBBbbBBb9cC5e90e3b3Af64bdAF62C37EEFFCb"), {market}, {}, {}};
    const auto read = [&](const Bytes32& domain) {
        const auto reading = config_reading(scope);
        EXPECT_EQ(reading->next({}).size(), 3U);
        const auto bytes = [](const Bytes& of) { return Reply(std::variant<Bytes, std::vector<Log>>(of)); };
        const std::vector<Reply> replies{bytes(Bytes(1)), bytes(evm::AbiWriter().bytes32(domain).encoded()), bytes(words_of(wsteth_usdc).encoded())};
        reading->next(replies);
        return reading->result();
    };
    const auto other = read(Bytes32{});
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, model::ErrorCode::decode);
    EXPECT_NE(other.error().message.find("no Morpho Blue of chain 1"), std::string::npos);
}

TEST(MorphoBlue, searches_for_the_markets_of_an_owner_and_what_factories_made) {
    const Scope scope{{1}, address("0xBBBBBbbBBb9cC5e90e3b3Af64bdAF62C37EEFFCb"), {}, {}, {early}};
    const std::vector<Search> own = owner_searches(scope, early);
    ASSERT_EQ(own.size(), 1U);
    EXPECT_EQ(own[0].from_block, 18'883'124U);
    ASSERT_EQ(own[0].filter.topics.size(), 4U);
    EXPECT_EQ(own[0].filter.topics[0].at(0).to_string(), "0xedf8870433c83823eb071d3df1caa8d008f12f6440918c20d75a3602cda30fe0");
    EXPECT_EQ(own[0].filter.topics[0].at(1).to_string(), "0xa3b9472a1399e17e123f3c2e6586c23e504184d504de59cdaa2b375e880c6184");
    EXPECT_EQ(own[0].filter.topics[3].at(0).to_string(), "0x00000000000000000000000000000000000000000000000000000000000000e1");
    Log supplied;
    supplied.topics = {own[0].filter.topics[0].at(0), market, {}, own[0].filter.topics[3].at(0)};
    EXPECT_EQ(markets_in(std::vector<Log>{supplied, supplied}), std::vector<Bytes32>{market});
    const std::vector<Search> shared = shared_searches(scope);
    ASSERT_EQ(shared.size(), 1U);
    Log made;
    made.topics = {shared[0].filter.topics[0].at(0), own[0].filter.topics[3].at(0)};
    evm::AbiWriter words;
    words.bytes32(market).u256(U256(8)).u256(U256(2)).u256(U256(10)).u256(U256(101)).u256(U256(104)).address(wsteth_usdc.oracle);
    made.data = words.encoded();
    Log cut = made;
    cut.data.pop_back();
    const auto contracts = pre_liquidations_in(std::vector<Log>{supplied, made, cut});
    ASSERT_EQ(contracts.size(), 1U);
    EXPECT_EQ(contracts[0].contract, early);
    EXPECT_EQ(contracts[0].market, market);
    EXPECT_EQ(contracts[0].params.values[4], U256(104));
    EXPECT_EQ(contracts[0].params.oracle, wsteth_usdc.oracle);
    EXPECT_TRUE(shared_searches({}).empty());
}

TEST(MorphoBlue, finds_the_owner_in_each_watched_log) {
    const auto watched = watch(*venue_of({}));
    ASSERT_TRUE(watched);
    // From the reference's computed topics.
    const std::pair<const char*, std::size_t> topics[] = {{"0xedf8870433c83823eb071d3df1caa8d008f12f6440918c20d75a3602cda30fe0", 3},
                                                          {"0xa56fc0ad5702ec05ce63666221f796fb62437c32db1aa1aa075fc6484cf58fbf", 2},
                                                          {"0x570954540bed6b1304a87dfe815a5eda4a648f7097a16240dcd85c9b5fd42a43", 2},
                                                          {"0x52acb05cebbd3cd39715469f22afbf5a17496295ef3bc9bb5944056c63ccaa09", 3},
                                                          {"0xa3b9472a1399e17e123f3c2e6586c23e504184d504de59cdaa2b375e880c6184", 3},
                                                          {"0xe80ebd7cc9223d7382aab2e0d1d6155c65651f83d53c8b9b06901d167e321142", 2},
                                                          {"0xa4946ede45d0c6f06a0f5ce92c9ad3b4751452d2fe0e25010783bcab57a67e41", 3}};
    for (const auto& [topic, place] : topics) {
        Log log;
        log.topics.assign(4, Bytes32{});
        log.topics[0] = Bytes32::parse(topic).value();
        EXPECT_NE(std::find(watched->topics.begin(), watched->topics.end(), log.topics[0]), watched->topics.end()) << topic;
        log.topics[place].bytes[31] = std::byte{7};
        ASSERT_EQ(touched(log).size(), 1U);
        EXPECT_EQ(touched(log).front().bytes[19], std::byte{7}) << topic;
        log.topics.resize(place);
        EXPECT_TRUE(touched(log).empty()) << "a log with too few topics";
    }
}

}  // namespace
}  // namespace margind::adapters::protocols::morpho_blue
