// Wallets on real tokens: balances against balanceOf over random transfers, no change without a log that names its owner, ratios of an
// ERC-4626 vault and of a double of wstETH, and what a portfolio says with its wallets and without.
#include "risk/evaluate.hpp"
#include "risk/model/content.hpp"
#include "risk/model/report_fields.hpp"
#include "tests/support/aave_truth.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <set>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::FactsPtr;
using model::U256;
using nlohmann::json;

constexpr const char* plain[] = {"WETH", "WBTC", "USDC", "DAI"};
constexpr const char* growing[] = {"vUSDC", "vWETH", "wstETH"};

struct Token {
    std::string name;
    Address address;
    unsigned decimals = 0;
};

class Wallet : public testing::Test {
protected:
    ChainProcess chain_{{"--with", "wallet"}};
    std::vector<Token> tokens_ = tokens_of(chain_);
    VenueRoad road_{chain_, adapter_of(chain_, lists_of(tokens_))};
    model::AssetMap assets_ = assets_of(chain_, tokens_);

    static std::vector<Token> tokens_of(const ChainProcess& chain) {
        std::vector<Token> tokens;
        const json& addresses = chain.ready().at("addresses");
        for (const char* name : plain)
            tokens.push_back({name, chain.address(std::string("/tokens/") + name + "/address"), addresses.at("tokens").at(name).at("decimals")});
        for (const char* name : growing)
            tokens.push_back({name, chain.address(std::string("/wallet/") + name + "/address"), addresses.at("wallet").at(name).at("decimals")});
        return tokens;
    }

    static model::ChainId id_of(const ChainProcess& chain) { return {chain.ready().at("chain_id").get<std::uint64_t>()}; }

    using Lists = std::map<std::string, std::vector<Address>>;

    static std::unique_ptr<adapters::Adapter> adapter_of(const ChainProcess& chain, Lists lists) {
        const auto all = adapters::all_protocols();
        const auto wallet = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.name == "erc20"; });
        config::Venue settings;
        settings.id = {"erc20", id_of(chain), ""};
        settings.lists = std::move(lists);
        return std::move(*wallet->make(std::move(settings)));
    }

    static Lists lists_of(const std::vector<Token>& tokens) {
        Lists lists{{"erc4626", {tokens[4].address, tokens[5].address}}, {"wsteth", {tokens[6].address}}};
        for (const Token& token : tokens) lists["tokens"].push_back(token.address);
        return lists;
    }

    VenueRoad road_of(Lists lists) { return VenueRoad(chain_, adapter_of(chain_, std::move(lists))); }

    static model::AssetMap assets_of(const ChainProcess& chain, const std::vector<Token>& tokens) {
        model::AssetMap assets = chain_assets(chain);
        const char* bases[] = {"USDC", "ETH", "stETH"};
        for (std::size_t i = 0; i < 3; ++i) {
            const auto source = i < 2 ? model::RatioSource::erc4626 : model::RatioSource::wsteth;
            assets.add({id_of(chain), tokens[4 + i].address, {tokens[4 + i].name}, tokens[4 + i].name, model::UnitRatio{source, {bases[i]}}});
        }
        return assets;
    }

    Address user(std::size_t index) const { return Address::parse(chain_.ready().at("accounts").at(index).get<std::string>()).value(); }
    U256 balance(const Token& token, const Address& owner) const {
        return words_of(chain_.call(token.address, call_data("balanceOf(address)", {word_of(owner)}))).at(0);
    }
    FactsPtr facts(const FactsPtr& venue, const Address& owner, const BlockRef& block) {
        const std::vector<Address> one{owner};
        const auto readings = road_.single_accounts(venue, one, block);
        if (!readings[0]) throw std::runtime_error(readings[0].error().message);
        return readings[0]->facts;
    }
    void mint(int index, const char* asset, const char* amount) {
        chain_.verb("wallet_mint", object({{"user", index}, {"asset", asset}, {"amount", amount}}));
    }

    model::MarginAccount account(const Address& owner, const FactsPtr& of, const BlockRef& block) const {
        model::MarginAccount one;
        one.key = {road_.adapter().venue(), owner, ""};
        one.facts = of;
        one.read_at = block;
        return one;
    }
};

TEST_F(Wallet, reads_balances_and_is_told_of_each_change) {
    std::vector<Address> users;
    for (std::size_t i = 0; i < 8; ++i) users.push_back(user(i));
    for (int i = 0; i < 8; i += 2)
        for (const char* name : {"WETH", "WBTC", "USDC", "DAI", "wstETH"}) mint(i, name, "1000");
    chain_.verb("wallet_deposit", object({{"user", 0}, {"vault", "vUSDC"}, {"amount", "777.123456"}}));
    BlockRef block = chain_.head();
    const FactsPtr venue = road_.venue(block);
    const auto watch = road_.adapter().watch(*venue);
    ASSERT_TRUE(watch);
    std::vector<FactsPtr> before;
    for (const Address& one : users) before.push_back(facts(venue, one, block));
    std::mt19937_64 random(5);
    int changed = 0;
    int named_in_vain = 0;
    int compared = 0;
    for (int i = 0; i < 60; ++i) {
        const Address& from = users[random() % users.size()];
        const Address& to = users[random() % users.size()];
        const Token& token = tokens_[random() % tokens_.size()];
        const U256 amount = random() % 6 == 0 ? balance(token, from)
                                              : *model::checked_mul(U256(random() % 50), U256::pow10(static_cast<std::uint8_t>(token.decimals)));
        json params = json::array();
        params.push_back(object({{"from", from.to_string()}, {"to", token.address.to_string()}, {"gas", "0x989680"},
                                 {"data", model::to_hex(call_data("transfer(address,uint256)", {word_of(to), amount}))}}));
        chain_.rpc("eth_sendTransactionSync", params);
        const BlockRef next = chain_.head();
        json query = object({{"fromBlock", "latest"}, {"toBlock", "latest"}});
        query["address"] = json::array();
        for (const Address& address : watch->addresses) query["address"].push_back(address.to_string());
        query["topics"] = json::array({json::array()});
        for (const auto& topic : watch->topics) query["topics"][0].push_back(topic.to_string());
        std::set<Address> named;
        for (const json& row : chain_.rpc("eth_getLogs", json::array({query}))) {
            adapters::Log log;
            for (const json& topic : row.at("topics")) log.topics.push_back(model::Bytes32::parse(topic.get<std::string>()).value());
            for (const Address& owner : road_.adapter().touched(log)) named.insert(owner);
        }
        const std::vector<adapters::AccountReadings> asked(users.size(), adapters::AccountReadings(1));
        const auto said = road_.views(venue, users, asked, next);
        for (std::size_t u = 0; u < users.size(); ++u) {
            const FactsPtr after = facts(venue, users[u], next);
            const bool same = after && before[u] ? *after == *before[u] : after == before[u];
            changed += !same;
            named_in_vain += same && named.contains(users[u]);
            EXPECT_TRUE(same || named.contains(users[u])) << "block " << next.number;
            before[u] = after;
            // The venue's own view, by another client.
            ASSERT_TRUE(said[u]);
            // One that holds nothing is not there.
            const std::vector<model::NativeFigure> views = said[u]->empty() ? std::vector<model::NativeFigure>() : said[u]->front().views;
            std::size_t at = 0;
            for (const auto& [place, mapping] : assets_.rows()) {
                const auto known = std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& one) { return one.address == mapping.token; });
                const U256 held = balance(*known, users[u]);
                if (held.is_zero()) continue;
                ASSERT_LT(at, views.size());
                EXPECT_EQ(views[at].name, known->address.to_string());
                EXPECT_EQ(views[at].value, model::I256::from(held));
                ++at;
                ++compared;
            }
            EXPECT_EQ(at, views.size());
        }
        block = next;
    }
    std::cout << "wallets: " << changed << " changes, all named by logs, " << named_in_vain << " named and equal, " << compared
              << " balances compared\n";
    EXPECT_GT(changed, 25);
    EXPECT_GT(compared, 500);
}

TEST_F(Wallet, tells_growing_tokens_in_units_of_their_base) {
    mint(0, "wstETH", "3");
    chain_.verb("wallet_deposit", object({{"user", 0}, {"vault", "vUSDC"}, {"amount", "12345.678901"}}));
    chain_.verb("wallet_deposit", object({{"user", 0}, {"vault", "vWETH"}, {"amount", "7.000000000000000001"}}));
    const model::VenueRule& rule = road_.adapter().rule();
    for (const char* gift : {"0", "33333.333333", "1000000"}) {
        if (gift[0] != '0') {
            chain_.verb("wallet_give", object({{"vault", "vUSDC"}, {"amount", gift}}));
            chain_.verb("wallet_give", object({{"vault", "vWETH"}, {"amount", "1.5"}}));
            chain_.verb("wallet_rate", object({{"rate", "1.234567890123456789"}}));
        }
        const BlockRef block = chain_.head();
        const FactsPtr venue = road_.venue(block);
        model::AssetMap assets = assets_;
        for (const model::TokenRatio& ratio : rule.ratios(*venue)) assets.set_units(ratio.chain, ratio.token, ratio.units);
        const auto prepared = rule.prepare(*venue, *facts(venue, user(0), block), assets);
        ASSERT_TRUE(prepared) << prepared.error().message;
        const auto positions = (*prepared)->positions((*prepared)->current());
        ASSERT_TRUE(positions);
        ASSERT_EQ(positions->size(), 3U);
        for (const model::Position& position : *positions) {
            const auto token = std::find_if(tokens_.begin(), tokens_.end(), [&](const Token& one) { return one.name == position.label; });
            const U256 shares = balance(*token, user(0));
            U256 worth;
            if (position.label == "wstETH") {
                const U256 rate = words_of(chain_.call(token->address, call_data("stEthPerToken()"))).at(0);
                worth = *model::mul_div(shares, rate, U256::pow10(18), model::Rounding::down);
                EXPECT_EQ(position.quantity.raw, model::I256::from(worth));
                EXPECT_EQ(position.underlying.symbol, "stETH");
                continue;
            }
            worth = words_of(chain_.call(token->address, call_data("convertToAssets(uint256)", {shares}))).at(0);
            // The rate is kept to 18 decimals, so the last unit of such an amount may be lost.
            EXPECT_LE(position.quantity.raw, model::I256::from(worth));
            EXPECT_GE(*model::checked_add(position.quantity.raw, model::I256(10)), model::I256::from(worth)) << position.label;
            EXPECT_EQ(position.underlying.symbol, position.label == "vUSDC" ? "USDC" : "ETH");
        }
    }
    // A token that is none and has a ratio makes the venue fail by name.
    VenueRoad other = road_of({{"tokens", {user(3)}}, {"wsteth", {user(3)}}});
    try {
        other.config(chain_.head());
        ADD_FAILURE() << "an address without code passed for a token";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find(user(3).to_string()), std::string::npos) << error.what();
    }
}

TEST_F(Wallet, takes_the_rate_of_a_token_that_has_none_from_a_feed) {
    // DAI's aggregator stands for the feed of WETH's rate: 8 decimals.
    const Address feed = chain_.address("/feeds/DAI");
    const Address token = tokens_[0].address;
    VenueRoad road = road_of({{"tokens", {token, feed, chain_.address("/aave/pool")}}, {"rate_feed", {token}}, {"feeds", {feed}}});
    chain_.verb("set_price", object({{"asset", "DAI"}, {"price", "1.23456789"}}));
    const FactsPtr venue = road.venue(chain_.head());
    const auto ratios = road.adapter().rule().ratios(*venue);
    ASSERT_EQ(ratios.size(), 1U);
    EXPECT_EQ(ratios[0].token, token);
    EXPECT_EQ(ratios[0].units, U256::from_decimal("1234567890000000000"));
    // The pool has code and no decimals: no token, and left out; the aggregator has some.
    EXPECT_EQ(venue->u256("tokens"), U256(2));
    VenueRoad none = road_of({{"tokens", {}}, {"rate_feed", {chain_.address("/aave/pool")}}, {"feeds", {feed}}});
    EXPECT_THROW(none.config(chain_.head()), std::runtime_error);
    chain_.verb("set_price", object({{"asset", "DAI"}, {"answer", "-5"}}));
    EXPECT_TRUE(road.adapter().rule().ratios(*road.venue(chain_.head())).empty());
}

TEST_F(Wallet, leaves_out_rows_of_the_asset_table_that_no_contract_stands_for) {
    mint(0, "USDC", "500");
    // A perp of HyperCore, and an index of GMX.
    const Address perp = Address::parse("0x5045525000000000000000000000000000000001").value();
    const Address index = Address::parse("0x47904963fc8b2340414262125aF798B9655E58Cd").value();
    VenueRoad road = road_of({{"tokens", {perp, index, tokens_[2].address}}});
    const BlockRef block = chain_.head();
    const FactsPtr venue = road.venue(block);
    EXPECT_EQ(venue->u256("tokens"), U256(1));
    const std::vector<Address> one{user(0)};
    const auto readings = road.single_accounts(venue, one, block);
    ASSERT_TRUE(readings[0]) << readings[0].error().message;
    ASSERT_EQ(readings[0]->views.size(), 1U);
    EXPECT_EQ(readings[0]->views[0].value, model::I256(500'000'000));
}

TEST_F(Wallet, counts_on_a_line_of_its_own_and_only_where_listed) {
    // An Aave account, and a wallet of another address.
    chain_.verb("aave_supply", object({{"user", 0}, {"asset", "WETH"}, {"amount", "10"}}));
    chain_.verb("aave_borrow", object({{"user", 0}, {"asset", "USDC"}, {"amount", "12000"}}));
    mint(1, "WETH", "2");
    mint(1, "USDC", "500");
    chain_.verb("wallet_deposit", object({{"user", 1}, {"vault", "vUSDC"}, {"amount", "1000"}}));
    const BlockRef block = chain_.head();
    VenueRoad aave = aave_road(chain_);
    const FactsPtr pool = aave.venue(block);
    const FactsPtr venue = road_.venue(block);
    const std::vector<Address> borrower{user(0)};
    model::Snapshot snapshot;
    snapshot.time = block.time;
    snapshot.blocks[block.chain] = block;
    snapshot.assets = assets_;
    snapshot.venues = {{aave.adapter().venue(), pool, block, ""}, {road_.adapter().venue(), venue, block, ""}};
    model::MarginAccount loan = account(user(0), aave.single_accounts(pool, borrower, block)[0].value().facts, block);
    loan.key.venue = aave.adapter().venue();
    snapshot.accounts = {loan, account(user(1), facts(venue, user(1), block), block)};
    for (const auto& [symbol, usd] : {std::pair{"ETH", 3'000}, std::pair{"USDC", 1}}) {
        model::ReferencePrice price;
        price.asset = {symbol};
        price.chain = block.chain;
        price.raw = std::int64_t{usd} * 100'000'000;
        price.decimals = 8;
        price.deviation_ppm = 5000;
        snapshot.prices.push_back(std::move(price));
    }
    snapshot.portfolios = {{"with", {user(0)}, {user(1)}}, {"without", {user(0)}}};
    model::Market market;
    market.market_sigma_24h = 0.03;
    market.market_range = 0.18;
    market.assets[{"ETH"}] = {0.035, 1.1, 0.012, 0.18, 1'000};
    market.assets[{"USDC"}] = {0.001, 0.0, 0.001, 0.05, 1'000};
    const auto rules = [&](const std::string& protocol) -> const model::VenueRule* {
        return protocol == "erc20" ? &road_.adapter().rule() : &aave.adapter().rule();
    };
    const model::Report report = risk::evaluate(snapshot, rules, market, {});
    const model::PortfolioReport& with = report.portfolios[0];
    const model::PortfolioReport& without = report.portfolios[1];
    ASSERT_TRUE(with.unified) << with.unified_reason;
    ASSERT_TRUE(with.unified_with_wallets);
    ASSERT_EQ(with.wallets.size(), 1U);
    ASSERT_TRUE(with.wallets_usd) << with.wallets[0].reason;
    // 2 WETH, 500 USDC and 1,000 in the vault.
    EXPECT_NEAR(*with.wallets_usd, 7'500, 0.01);
    EXPECT_NEAR(with.unified_with_wallets->equity_usd, with.unified->equity_usd + 7'500, 0.01);
    EXPECT_NEAR(with.unified_with_wallets->net_delta_usd, with.unified->net_delta_usd + 6'000, 0.01);
    EXPECT_GT(*with.unified_with_wallets->cover, 0);
    // Nothing else knows of it.
    EXPECT_EQ(model::content_hash(*with.unified), model::content_hash(*without.unified));
    EXPECT_EQ(with.accounts.size(), 1U);
    EXPECT_EQ(model::content_hash(with.headline), model::content_hash(without.headline));
    EXPECT_TRUE(without.wallets.empty());
    EXPECT_FALSE(without.wallets_usd);
    EXPECT_FALSE(without.unified_with_wallets);
    // Without a price of what it holds it has no value, and the book's figures stay.
    snapshot.assets.add({block.chain, tokens_[2].address, {"nobody's"}, "USDC"});
    const model::Report unpriced = risk::evaluate(snapshot, rules, market, {});
    EXPECT_FALSE(unpriced.portfolios[0].wallets_usd);
    EXPECT_NE(unpriced.portfolios[0].wallets.at(0).reason.find("nobody's"), std::string::npos);
}

}  // namespace
}  // namespace margind::tests
