// margind check on a chain with Morpho Blue and two comets: the markets of an owner are found by logs, each position is an account of
// its own, verified against the contract, and the earlier of two triggers counts.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace margind::tests {
namespace {

using nlohmann::json;

class LendingCheck : public testing::Test {
protected:
    ChainProcess chain_{{"--with", "morpho,compound"}};
    TempFolder folder_;

    void verb(const char* name, const char* fields) const { chain_.verb(name, json::parse(fields)); }

    /// Of the whole owner, by account key.
    std::map<std::string, json> accounts(std::size_t user) const {
        const std::string owner = chain_.ready().at("accounts").at(user).get<std::string>();
        const std::string config = folder_.write("local.toml", config_text(chain_, {.owners = {owner}}));
        const Finished finished = run_margind({"check", owner, "--config", config, "--json"});
        const json report = json::parse(finished.out, nullptr, false);
        std::map<std::string, json> found;
        if (!report.is_object()) {
            ADD_FAILURE() << finished.out << finished.err;
            return found;
        }
        for (const json& account : report.at("portfolios").at(0).at("accounts")) {
            std::string key = account.at("key").get<std::string>();
            found[key.erase(key.find(owner), owner.size())] = account;
        }
        return found;
    }

    std::string market(const char* name) const { return chain_.ready().at("addresses").at("morpho").at("markets").at(name).at("id").get<std::string>(); }
};

TEST_F(LendingCheck, shows_each_position_in_each_market_as_an_account) {
    verb("morpho_supply_collateral", R"({"user": 0, "market": "WETH/USDC", "amount": "10"})");
    verb("morpho_borrow", R"({"user": 0, "market": "WETH/USDC", "amount": "20000"})");
    verb("morpho_supply_collateral", R"({"user": 0, "market": "WBTC/WETH", "amount": "1"})");
    verb("morpho_borrow", R"({"user": 0, "market": "WBTC/WETH", "amount": "18"})");
    verb("morpho_supply", R"({"user": 0, "market": "USDC/DAI", "amount": "500"})");
    verb("compound_supply", R"({"user": 0, "comet": "USDC", "asset": "WETH", "amount": "4"})");
    verb("compound_withdraw", R"({"user": 0, "comet": "USDC", "asset": "USDC", "amount": "9000"})");
    const auto found = accounts(0);
    for (const char* name : {"WETH/USDC", "WBTC/WETH", "USDC/DAI"}) {
        const std::string key = "morpho_blue:31337::" + market(name);
        ASSERT_TRUE(found.contains(key)) << key;
        EXPECT_EQ(found.at(key).at("grade").at("kind"), "verified") << found.at(key).dump();
    }
    ASSERT_TRUE(found.contains("compound_v3:31337/USDC:"));
    EXPECT_EQ(found.at("compound_v3:31337/USDC:").at("grade").at("kind"), "verified");
    EXPECT_FALSE(found.contains("compound_v3:31337/WETH:"));
    // 20,000 / (10 x 0.86): an ether of 2,325.58 dollars of USDC, and some cents of interest.
    const json& first = found.at("morpho_blue:31337::" + market("WETH/USDC")).at("candidates").at(0);
    EXPECT_EQ(first.at("label"), "WETH");
    EXPECT_EQ(first.at("liquidation_price").get<std::string>().substr(0, 5), "23255") << first.dump();
}

TEST_F(LendingCheck, counts_the_earlier_trigger_of_a_contract_that_the_owner_authorised) {
    verb("morpho_supply_collateral", R"({"user": 1, "market": "WETH/USDC", "amount": "10"})");
    verb("morpho_borrow", R"({"user": 1, "market": "WETH/USDC", "amount": "24600"})");
    const std::string key = "morpho_blue:31337::" + market("WETH/USDC");
    auto found = accounts(1);
    ASSERT_TRUE(found.contains(key));
    EXPECT_FALSE(found.at(key).at("standing").at("liquidatable").get<bool>()) << found.at(key).dump();
    // 82 % is above that contract's 80 %.
    verb("morpho_authorize", R"({"user": 1, "market": "WETH/USDC"})");
    found = accounts(1);
    EXPECT_TRUE(found.at(key).at("standing").at("liquidatable").get<bool>()) << found.at(key).dump();
    EXPECT_EQ(found.at(key).at("grade").at("kind"), "verified");
}

}  // namespace
}  // namespace margind::tests
