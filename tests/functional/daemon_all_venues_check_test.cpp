// One trader on every venue of the local chain: margind check lists each account with its venue, grade and distance, and its figures are the
// contracts' own, asked by plain eth_calls at the block of the report. Compound and Derive are doubles there (tests/chain/README.md).
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::I256;
using model::U256;
using nlohmann::json;

using Words = std::vector<U256>;
/// Native figures by name, as the report has them.
using Figures = std::map<std::string, std::string>;

std::string text(const U256& value) { return value.to_decimal(); }
std::string signed_text(const U256& word) { return I256::from_word(word).to_decimal(); }
std::string truth(bool value) { return value ? "1" : "0"; }
std::string whole(const std::string& number) { return number + "000000000000000000"; }

class AllVenues : public testing::Test {
protected:
    ChainProcess chain_{{"--with", "all"}};
    TempFolder folder_;
    std::string trader_ = chain_.ready().at("accounts").at(0).get<std::string>();
    Address owner_ = Address::parse(trader_).value();
    BlockRef block_;

    void verb(const char* name, const char* fields) const { chain_.verb(name, json::parse(fields)); }
    Words ask(const std::string& place, const char* signature, const Words& words = {}) const {
        return words_of(chain_.call(chain_.address(place), call_data(signature, words), block_.hash.to_string()));
    }
    /// Of the trader.
    Words ask_of(const std::string& place, const char* signature) const { return ask(place, signature, {word_of(owner_)}); }

    void open_positions() {
        verb("aave_supply", R"({"user": 0, "asset": "WETH", "amount": "10"})");
        verb("aave_borrow", R"({"user": 0, "asset": "USDC", "amount": "9000"})");
        verb("aave36_supply", R"({"user": 0, "asset": "WBTC", "amount": "1"})");
        verb("aave36_borrow", R"({"user": 0, "asset": "USDC", "amount": "20000"})");
        verb("perp_deposit", R"({"user": 0, "asset": "USDC", "amount": "10000"})");
        verb("perp_open", R"({"user": 0, "market": "ETH", "side": "short", "base": "5"})");
        verb("lyra_open", R"({"user": 0, "market": "ETH", "strike": 7, "type": "long_put", "amount": "2"})");
        verb("lyra_open", R"({"user": 0, "market": "ETH", "strike": 7, "type": "short_put_quote", "amount": "1", "collateral": "1500"})");
        verb("morpho_supply_collateral", R"({"user": 0, "market": "WETH/USDC", "amount": "10"})");
        verb("morpho_borrow", R"({"user": 0, "market": "WETH/USDC", "amount": "15000"})");
        verb("morpho_supply", R"({"user": 0, "market": "USDC/DAI", "amount": "500"})");
        verb("compound_supply", R"({"user": 0, "comet": "USDC", "asset": "WETH", "amount": "4"})");
        verb("compound_withdraw", R"({"user": 0, "comet": "USDC", "asset": "USDC", "amount": "6000"})");
        verb("compound_supply", R"({"user": 0, "comet": "WETH", "asset": "WBTC", "amount": "1"})");
        verb("compound_withdraw", R"({"user": 0, "comet": "WETH", "asset": "WETH", "amount": "8"})");
        open_at_derive();
    }

    /// Last, since the managers refuse what is older than some minutes.
    void open_at_derive() const {
        const auto at = [&](const std::string& place) { return chain_.address("/derive/" + place).to_string(); };
        json calls = json::array();
        const auto call = [&](const char* contract, const char* method, const json& arguments) {
            calls.push_back({{"contract", contract}, {"method", method}, {"args", arguments}});
        };
        call("stable", "set", {whole("1"), whole("1")});
        call("ETH.spot", "set", {whole("3000"), whole("1")});
        call("ETH.perp_feed", "set", {"0", whole("1")});
        call("subaccounts", "create", {trader_, at("standard")});
        call("matching", "deposit", {1});
        call("subaccounts", "adjust", {1, at("cash"), "0", whole("1000")});
        call("subaccounts", "adjust", {1, at("ETH/perp"), "0", whole("2")});
        call("ETH.perp", "setPosition", {1, whole("3000"), "0", "0", "0"});
        chain_.verb("derive_send", {{"calls", calls}});
    }

    // By contract: what its views say of the trader, under the names of the report.
    Figures aave(const std::string& pool) const {
        const Words words = ask_of(pool, "getUserAccountData(address)");
        const char* names[] = {"totalCollateralBase", "totalDebtBase", "availableBorrowsBase", "currentLiquidationThreshold", "ltv", "healthFactor"};
        Figures figures;
        for (std::size_t i = 0; i < std::size(names); ++i) figures[names[i]] = text(words.at(i));
        return figures;
    }

    Figures perp() const {
        const I256 value = I256::from_word(ask_of("/perp/clearing_house", "getAccountValue(address)").at(0));
        const I256 required = I256::from_word(ask_of("/perp/account_balance", "getMarginRequirementForLiquidation(address)").at(0));
        return {{"ClearingHouse.getAccountValue", value.to_decimal()},
                {"AccountBalance.getMarginRequirementForLiquidation", required.to_decimal()},
                {"ClearingHouse.isLiquidatable", truth(value < required)},
                {"Vault.getAccountValue", signed_text(ask_of("/perp/vault", "getAccountValue(address)").at(0))},
                {"Vault.getFreeCollateral", text(ask_of("/perp/vault", "getFreeCollateral(address)").at(0))},
                {"Vault.isLiquidatable", text(ask_of("/perp/vault", "isLiquidatable(address)").at(0))}};
    }

    /// Two positions in the market of ETH, by key.
    std::map<std::string, Figures> lyra() const {
        const std::string market = "/lyra/markets/ETH/";
        const U256 spot = ask("/lyra/synthetix_adapter", "getSpotPriceForMarket(address)", {word_of(chain_.address(market + "option_market"))}).at(0);
        const Words list = ask_of(market + "option_token", "getOwnerPositions(address)");
        std::map<std::string, Figures> all;
        for (std::size_t i = 2; i + 6 <= list.size(); i += 6) {
            const Words position(list.begin() + static_cast<std::ptrdiff_t>(i), list.begin() + static_cast<std::ptrdiff_t>(i + 6));
            const Words terms = ask(market + "option_market", "getStrikeAndBoard(uint256)", {position[1]});
            Words question = position;
            for (const U256& word : {terms.at(11), terms.at(1), spot}) question.push_back(word);
            Figures figures{{"amount", text(position[3])}, {"collateral", text(position[4])}, {"getSpotPrice", text(spot)}};
            figures["canLiquidate"] = text(
                ask(market + "option_token", "canLiquidate((uint256,uint256,uint8,uint256,uint256,uint8),uint256,uint256,uint256)", question).at(0));
            if (position[2] > U256(1))
                figures["getMinCollateral"] = text(ask(market + "greek_cache", "getMinCollateral(uint8,uint256,uint256,uint256,uint256)",
                                                       {position[2], terms.at(1), terms.at(11), spot, position[3]}).at(0));
            all["lyra_avalon:31337::sETH/" + text(position[0])] = std::move(figures);
        }
        return all;
    }

    std::string morpho_id(const char* market) const {
        return chain_.ready().at("addresses").at("morpho").at("markets").at(market).at("id").get<std::string>();
    }

    /// What a liquidator is told.
    bool healthy_at_morpho(const U256& id) const {
        Words words = ask("/morpho/morpho", "idToMarketParams(bytes32)", {id});
        // One unit of collateral, and no data behind it.
        for (const U256& word : {word_of(owner_), U256(1), U256(0), U256(9 * 32), U256(0)}) words.push_back(word);
        try {
            ask("/morpho/morpho", "liquidate((address,address,address,address,uint256),address,uint256,uint256,bytes)", words);
        } catch (const std::runtime_error& error) {
            return std::string(error.what()).find("position is healthy") != std::string::npos;
        }
        return false;
    }

    /// What Morpho has stored once its interest is accrued in a block of the report's own time, which is undone. (It has no view of health.)
    Figures morpho(const char* market) {
        const std::string before = chain_.verb("snapshot").at("id").get<std::string>();
        chain_.verb("morpho_accrue", {{"market", market}, {"at", block_.time}});
        const U256 id = U256::from_big_endian(model::Bytes32::parse(morpho_id(market)).value().bytes);
        const auto latest = [&](const char* signature, const Words& words) {
            return words_of(chain_.call(chain_.address("/morpho/morpho"), call_data(signature, words)));
        };
        const Words totals = latest("market(bytes32)", {id});
        const Words held = latest("position(bytes32,address)", {id, word_of(owner_)});
        chain_.verb("revert", {{"id", before}});
        const auto assets = [](const U256& shares, const U256& all, const U256& all_shares, model::Rounding rounding) {
            return text(*model::mul_div(shares, *model::checked_add(all, U256(1)), *model::checked_add(all_shares, U256(1'000'000)), rounding));
        };
        Figures figures{{"borrowed", assets(held.at(1), totals.at(2), totals.at(3), model::Rounding::up)},
                        {"liquidatable", truth(!healthy_at_morpho(id))}};
        if (!held.at(0).is_zero()) figures["supplied"] = assets(held.at(0), totals.at(0), totals.at(1), model::Rounding::down);
        return figures;
    }

    Figures comet(const std::string& base) const {
        const std::string place = "/compound/" + base + "/comet";
        Figures figures;
        for (const char* view : {"balanceOf", "borrowBalanceOf", "isLiquidatable", "isBorrowCollateralized"})
            figures[view] = text(ask_of(place, (std::string(view) + "(address)").c_str()).at(0));
        return figures;
    }

    Figures derive() const {
        const auto margin = [&](unsigned initial) {
            return signed_text(ask("/derive/standard", "getMargin(uint256,bool)", {U256(1), U256(initial)}).at(0));
        };
        return {{"getMargin(maintenance)", margin(0)}, {"getMargin(initial)", margin(1)}};
    }

    /// By key without the owner.
    std::map<std::string, Figures> contracts() {
        std::map<std::string, Figures> all = lyra();
        all["aave_v3:31337:"] = aave("/aave/pool");
        all["aave_v3:31337/v36:"] = aave("/aave_v36/pool");
        all["perp_v2:31337:"] = perp();
        all["compound_v3:31337/USDC:"] = comet("USDC");
        all["compound_v3:31337/WETH:"] = comet("WETH");
        all["derive:31337::1"] = derive();
        for (const char* market : {"WETH/USDC", "USDC/DAI"}) all["morpho_blue:31337::" + morpho_id(market)] = morpho(market);
        return all;
    }
};

TEST_F(AllVenues, lists_every_account_with_the_contracts_own_figures) {
    open_positions();
    block_ = chain_.head();
    const std::string config = folder_.write("local.toml", config_text(chain_, {.owners = {trader_}, .storage = false}));
    const Finished finished = run_margind({"check", trader_, "--config", config, "--json"});
    const json report = json::parse(finished.out, nullptr, false);
    ASSERT_TRUE(report.is_object()) << finished.out << finished.err;
    ASSERT_EQ(report.at("blocks").at(0).at("hash"), block_.hash.to_string());
    const json& portfolio = report.at("portfolios").at(0);
    std::map<std::string, json> found;
    for (const json& account : portfolio.at("accounts")) {
        std::string key = account.at("key").get<std::string>();
        found[key.erase(key.find(trader_), trader_.size())] = account;
    }
    const std::map<std::string, Figures> expected = contracts();
    EXPECT_EQ(expected.size(), 10U);
    EXPECT_EQ(found.size(), expected.size());
    int compared = 0;
    for (const auto& [key, figures] : expected) {
        SCOPED_TRACE(key);
        ASSERT_TRUE(found.contains(key));
        const json& account = found.at(key);
        EXPECT_EQ(account.at("grade").at("kind"), "verified") << account.at("grade").dump();
        Figures ours;
        for (const json& figure : account.at("native")) ours[figure.at("name").get<std::string>()] = figure.at("value").get<std::string>();
        for (const auto& [name, value] : figures) {
            EXPECT_EQ(ours[name], value) << name;
            ++compared;
        }
        // Lenders and holders of options owe nothing: no price liquidates them.
        const bool owes = !key.ends_with(morpho_id("USDC/DAI")) && account.at("positions").at(0).at("label") != "sETH";
        const json& candidates = account.at("candidates");
        if (owes || figures.contains("getMinCollateral")) {
            ASSERT_FALSE(candidates.empty()) << account.dump();
            EXPECT_GT(candidates.at(0).at("z").get<double>(), 0);
            EXPECT_GT(candidates.at(0).at("room").get<double>(), 0);
            EXPECT_NE(candidates.at(0).at("liquidation_price"), candidates.at(0).at("price"));
        } else {
            EXPECT_TRUE(candidates.empty()) << candidates.dump();
            EXPECT_EQ(account.at("reason"), "no price in the scanned range liquidates it");
        }
    }
    std::printf("%zu accounts, %d figures compared\n", expected.size(), compared);
    EXPECT_FALSE(portfolio.at("unified").is_null()) << portfolio.at("unified_reason");

    // For people: a row each, with where it would be liquidated.
    const Finished plain = run_margind({"check", trader_, "--config", config});
    const std::regex row("^  ([a-z0-9_]+:31337[^ ]*) +0x[^ ]+ +[^ ]+ +[A-Z]+ +verified .* ([a-zA-Z]+ [0-9.,]+|none)$", std::regex::multiline);
    std::multiset<std::string> rows;
    for (auto it = std::sregex_iterator(plain.out.begin(), plain.out.end(), row); it != std::sregex_iterator(); ++it) rows.insert((*it)[1].str());
    const std::multiset<std::string> venues{"aave_v3:31337", "aave_v3:31337/v36", "compound_v3:31337/USDC", "compound_v3:31337/WETH", "derive:31337",
                                            "lyra_avalon:31337", "lyra_avalon:31337", "morpho_blue:31337", "morpho_blue:31337", "perp_v2:31337"};
    EXPECT_EQ(rows, venues) << plain.out;
}

}  // namespace
}  // namespace margind::tests
