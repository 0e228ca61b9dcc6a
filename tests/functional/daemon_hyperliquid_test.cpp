// Hyperliquid through the real daemon: doubles at the precompiles' addresses, whose own liquidation tells where it begins.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace margind::tests {
namespace {

using nlohmann::json;

class HyperliquidOnChain : public testing::Test {
protected:
    std::string user(std::size_t index) const { return chain_.ready().at("accounts").at(index).get<std::string>(); }
    static json call(const char* method, const json& args, bool may_fail = false) {
        json one = json::object();
        one["method"] = method;
        one["args"] = args;
        one["mayFail"] = may_fail;
        return one;
    }
    json send(const json& calls) const { return chain_.verb("hyperliquid_send", {{"calls", calls}}); }
    /// Whether the double refuses to liquidate the cross account.
    bool liquidated(std::size_t index) const {
        return send(json::array({call("liquidate", {user(index), 0}, true)})).at("refused").at(0).is_null();
    }
    void eth_price(const std::string& raw) const { send(json::array({call("setPrices", {1, raw, raw})})); }
    /// 20 ETH at 3,000 with 10,000 of cash.
    void open_long(std::size_t index) const {
        send(json::array({call("setCash", {0, user(index), "10000000000"}), call("trade", {user(index), 1, 200'000, 5})}));
    }

    std::string config(std::size_t owner, const std::string& lists = {}) const {
        return config_text(chain_, {.owners = {user(owner)}, .storage = false}) + hyperliquid_text(chain_, 31337, lists);
    }

    std::vector<json> check(std::size_t owner, int code, const std::string& lists = {}) const {
        const Finished run = run_margind({"check", user(owner), "--config", folder_.write("local.toml", config(owner, lists)), "--json"});
        EXPECT_EQ(run.code, code) << run.err << run.out.substr(0, 3000);
        const json report = json::parse(run.out);
        std::vector<json> found;
        for (const json& account : report.at("portfolios").at(0).at("accounts"))
            if (account.at("key").dump().find("hyperliquid:31337") != std::string::npos) found.push_back(account);
        return found;
    }

    ChainProcess chain_{{"--with", "hyperliquid"}};
    TempFolder folder_;
};

TEST_F(HyperliquidOnChain, check_gives_the_price_at_which_the_double_liquidates) {
    open_long(0);
    const std::vector<json> accounts = check(0, 0);
    ASSERT_EQ(accounts.size(), 1U);
    const json& account = accounts[0];
    EXPECT_EQ(account.at("grade").at("kind"), "verified") << account.dump(1);
    EXPECT_EQ(account.at("grade").at("qualifiers").at("unpinned"), true);
    EXPECT_NE(account.at("grade").at("reason").get<std::string>().find("taken for a standard account"), std::string::npos);
    EXPECT_EQ(account.at("standing").at("equity").at("amount"), "10000");
    EXPECT_EQ(account.at("standing").at("maintenance").at("amount"), "1200");
    EXPECT_EQ(account.at("standing").at("initial").at("amount"), "12000") << "at the 5x of the position's own setting";
    // 10,000 + 20 (P - 3,000) = 2 % of 20 P at 2551.0204.
    const json& candidate = account.at("candidates").at(0);
    EXPECT_EQ(candidate.at("direction"), "down");
    EXPECT_EQ(candidate.at("liquidation_price"), "255102");
    EXPECT_TRUE(candidate.at("band").is_null());
    eth_price("255103");
    EXPECT_FALSE(liquidated(0));
    EXPECT_EQ(check(0, 20).at(0).at("standing").at("liquidatable"), false) << "critical, and not yet liquidatable";
    eth_price("255102");
    EXPECT_EQ(check(0, 20).at(0).at("standing").at("liquidatable"), true);
    EXPECT_TRUE(liquidated(0));
    const std::vector<json> after = check(0, 0);
    EXPECT_TRUE(after.at(0).at("candidates").empty()) << after.at(0).dump(1);
    EXPECT_EQ(after.at(0).at("standing").at("maintenance").at("amount"), "0");
}

TEST_F(HyperliquidOnChain, isolated_positions_are_accounts_of_their_own_whatever_the_summary_counts) {
    open_long(0);
    // 1 BTC short at 60,000 with 20,000 of margin.
    send(json::array({call("tradeIsolated", {user(0), 0, -100'000, 3, "20000000000"}), call("setSpot", {user(0), 150, "1000000000"})}));
    for (const bool total : {false, true}) {
        send(json::array({call("setTotal", {total})}));
        const std::vector<json> accounts = check(0, 0);
        ASSERT_EQ(accounts.size(), 2U);
        EXPECT_EQ(accounts[0].at("grade").at("kind"), "verified") << accounts[0].dump(1);
        EXPECT_EQ(accounts[0].at("standing").at("equity").at("amount"), "10000") << total;
        EXPECT_EQ(accounts[1].at("grade").at("kind"), "recomputed");
        EXPECT_NE(accounts[1].at("grade").at("reason").get<std::string>().find("the margin tiers of BTC are those of the documentation"), std::string::npos);
        EXPECT_EQ(accounts[1].at("standing").at("equity").at("amount"), "20000");
        // 20,000 + 60,000 - P = 1.25 % of P at 79012.3457 (prices have one decimal: szDecimals is 5).
        EXPECT_EQ(accounts[1].at("candidates").at(0).at("liquidation_price"), "790124");
        // 10 HYPE of spot at 40, which no margin counts.
        const std::string positions = accounts[0].at("positions").dump();
        EXPECT_NE(positions.find("HYPE (spot)"), std::string::npos) << positions;
    }
    const auto taken = [&] { return send(json::array({call("liquidateIsolated", {user(0), 0}, true)})).at("refused").at(0).is_null(); };
    send(json::array({call("setPrices", {0, "790123", "790123"})}));
    EXPECT_FALSE(taken());
    send(json::array({call("setPrices", {0, "790124", "790124"})}));
    EXPECT_TRUE(taken());
}

TEST_F(HyperliquidOnChain, a_mode_that_nothing_tells_is_unknown_until_it_is_configured) {
    open_long(1);
    send(json::array({call("setUnified", {user(1), true}), call("setSpot", {user(1), 0, "1000000000000"})}));
    const std::vector<json> unknown = check(1, 30);
    ASSERT_EQ(unknown.size(), 1U);
    EXPECT_EQ(unknown[0].at("grade").at("kind"), "unknown");
    EXPECT_NE(unknown[0].at("reason").get<std::string>().find("mode: its notional is 0"), std::string::npos) << unknown[0].at("reason");
    const std::vector<json> told = check(1, 0, '"' + user(1) + '"');
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(told[0].at("key").get<std::string>().ends_with(":unified")) << told[0].at("key");
    EXPECT_EQ(told[0].at("standing").at("equity").at("amount"), "10000");
    EXPECT_NE(told[0].at("grade").at("reason").get<std::string>().find("by the configuration a unified account"), std::string::npos);
}

TEST_F(HyperliquidOnChain, what_is_not_of_one_state_is_unknown) {
    open_long(0);
    send(json::array({call("setRestless", {true})}));
    const std::vector<json> accounts = check(0, 30);
    ASSERT_EQ(accounts.size(), 1U);
    EXPECT_NE(accounts[0].at("reason").get<std::string>().find("HyperCore went from block"), std::string::npos) << accounts[0].dump(1);
}

TEST_F(HyperliquidOnChain, a_perp_that_was_listed_since_is_found) {
    open_long(0);
    const TempFolder folder;
    DaemonProcess daemon(folder, config(0));
    const auto account = [](const Answer& answer, const char* text) { return answer.body.dump().find(text) != std::string::npos; };
    daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) { return account(answer, "dex.0"); });
    send(json::array({call("list", {0, json::array({"NEW", 10, 2, 10, false}), "1000000"}), call("tradeIsolated", {user(0), 4, 500, 5, "1000000000"})}));
    const Answer found = daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) { return account(answer, "isolated.4"); });
    EXPECT_TRUE(account(found, "unmapped_asset 0x5045525000000000000000000000000000000004 (NEW)")) << found.text;
}

TEST(HyperliquidAccountFile, the_readmes_example_is_evaluated_step_by_step) {
    std::ifstream readme(std::string(MARGIND_SOURCE_DIR) + "/adapters/protocols/hyperliquid/README.md");
    std::stringstream text;
    text << readme.rdbuf();
    const std::string all = text.str();
    const std::size_t from = all.find("```json\n") + 8;
    const TempFolder folder;
    const std::string file = folder.write("account.json", all.substr(from, all.find("```", from) - from));
    const Finished run = run_margind({"evaluate", file});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* part : {"isolated position, mode standard", "-95.059824", "100.02765", "1.000277", "4.967826", "P_liq of ETH down", "2866.26"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
    const json answer = json::parse(run_margind({"evaluate", file, "--json"}).out);
    EXPECT_EQ(answer.at("candidates").at(0).at("liquidation_price"), "286626");
    const std::string wrong = folder.write("wrong.json", R"({"format":"hyperliquid.account-file/1","account":{"mode":"standard","positions":[{"perp":1}]}})");
    const Finished refused = run_margind({"evaluate", wrong});
    EXPECT_EQ(refused.code, 2);
    EXPECT_NE(refused.err.find("$.account.positions[0]: missing key \"coin\""), std::string::npos) << refused.err;
}

TEST(HyperliquidAccountFile, gives_the_worked_numbers_of_accounts_written_down) {
    struct Case {
        const char* file;
        std::vector<const char*> parts;
        const char* direction;
        const char* price;
    };
    // 200 million of BTC in two tiers: 3.125 million. 2,000 P - 190 million = 50 P - 1.875 million at 96,474.36.
    // 20 USDC and a short of 1 SOL, 150 to 148: 22. 170 - P = 2.5 % of P at 165.8537.
    const std::vector<Case> cases{
        {"cross_btc_in_two_tiers", {"cross, mode standard", "-190000000", "40x above 0, 20x above 150000000", "3125000", "10000000", "the margin tiers of BTC are the configuration's"},
         "down", "964743"},
        {"unified", {"cross, mode unified", "spot USDC", "20", "170", "-150", "-148", "3.7", "by the configuration a unified account"}, "up", "1658537"},
    };
    for (const Case& one : cases) {
        const std::string file = std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/hyperliquid/" + one.file + ".json";
        const Finished run = run_margind({"evaluate", file});
        EXPECT_EQ(run.code, 0) << run.err;
        for (const char* part : one.parts) EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
        const json candidate = json::parse(run_margind({"evaluate", file, "--json"}).out).at("candidates").at(0);
        EXPECT_EQ(candidate.at("direction"), one.direction);
        EXPECT_EQ(candidate.at("liquidation_price"), one.price) << one.file;
    }
}

}  // namespace
}  // namespace margind::tests
