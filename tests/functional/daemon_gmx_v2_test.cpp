// GMX V2 through the real daemon: doubles of ours, whose own liquidation tells where it begins.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace margind::tests {
namespace {

using nlohmann::json;

std::string zeros(const std::string& number, std::size_t count) { return number + std::string(count, '0'); }
std::string usd(const std::string& dollars) { return zeros(dollars, 30); }

class GmxOnChain : public testing::Test {
protected:
    std::string user(std::size_t index) const { return chain_.ready().at("accounts").at(index).get<std::string>(); }
    std::string at(const std::string& place) const { return chain_.address(place).to_string(); }
    std::string market(const std::string& name) const { return chain_.ready().at("addresses").at("gmx_v2").at("markets").at(name).get<std::string>(); }
    std::string token(const char* symbol) const { return at(std::string("/tokens/") + symbol + "/address"); }

    static json call(const char* contract, const char* method, const json& args, bool may_fail = false) {
        json one = json::object();
        one["contract"] = contract;
        one["method"] = method;
        one["args"] = args;
        one["mayFail"] = may_fail;
        return one;
    }
    json send(const json& calls) const { return chain_.verb("gmx_send", {{"calls", calls}}); }

    /// A price per wei of ETH has 12 decimals.
    json open(std::size_t index, const std::string& name, const char* collateral, bool is_long, const std::string& size, const std::string& amount,
              const std::string& price) const {
        return call("store", "open", {user(index), market(name), token(collateral), is_long, size, amount, price});
    }
    /// 100,000 USD of ETH at 3,000 behind 10,000 USDC, with a fee of 0.05 %.
    void open_long(std::size_t index) const {
        send(json::array({call("store", "setSide", {"POSITION_FEE_FACTOR", market("ETH"), false, zeros("5", 26)}),
                          open(index, "ETH", "USDC", true, usd("100000"), zeros("10000", 6), zeros("3000", 12))}));
    }
    /// Whether the keeper's transaction goes through with that price of ETH, in 10^12; the position is then gone.
    bool liquidated(const std::string& key, const std::string& eth_price) const {
        const json eth = {eth_price, eth_price};
        const json one_usd = {zeros("1", 24), zeros("1", 24)};
        const json prices = json::array({eth, eth, one_usd});
        return send(json::array({call("reader", "executeLiquidation", {at("/gmx_v2/data_store"), key, prices}, true)})).at("refused").at(0).is_null();
    }

    std::string config(std::size_t owner) const {
        return config_text(chain_, {.owners = {user(owner)}, .storage = false}) + gmx_v2_text(chain_, 31337);
    }
    std::vector<json> check(std::size_t owner, std::optional<int> code = {}) const {
        const Finished run = run_margind({"check", user(owner), "--config", folder_.write("local.toml", config(owner)), "--json"});
        if (code) {
            EXPECT_EQ(run.code, *code) << run.err << run.out.substr(0, 4000);
        }
        const json report = json::parse(run.out);
        std::vector<json> found;
        for (const json& account : report.at("portfolios").at(0).at("accounts"))
            if (account.at("key").dump().find("gmx_v2:31337") != std::string::npos) found.push_back(account);
        return found;
    }
    static std::string key_of(const json& account) {
        const std::string key = account.at("key").is_string() ? account.at("key").get<std::string>() : account.at("key").at("sub").get<std::string>();
        return key.substr(key.rfind("0x"));
    }
    static std::string native(const json& account, const std::string& name) {
        for (const json& figure : account.at("native"))
            if (figure.at("name") == name) return figure.at("value").get<std::string>();
        return "none";
    }

    ChainProcess chain_{{"--with", "gmx_v2"}};
    TempFolder folder_;
};

TEST_F(GmxOnChain, check_gives_the_price_at_which_the_double_liquidates_and_a_band_around_it) {
    open_long(0);
    const std::vector<json> accounts = check(0, 0);
    ASSERT_EQ(accounts.size(), 1U);
    const json& account = accounts[0];
    EXPECT_EQ(account.at("grade").at("kind"), "verified") << account.dump(1);
    EXPECT_NE(account.at("grade").at("reason").get<std::string>().find("it liquidates on prices that are not on chain"), std::string::npos);
    // Tokens are 33.3.. rounded down, worth a hair less than the size.
    EXPECT_EQ(account.at("standing").at("maintenance").at("amount"), "1000");
    EXPECT_NEAR(std::stod(account.at("standing").at("equity").at("amount").get<std::string>()), 9950, 1e-9);
    const json& candidate = account.at("candidates").at(0);
    EXPECT_EQ(candidate.at("direction"), "down");
    // 10,000 + 33.33 P - 100,000 - 50 < 1,000 below 2,731.5.
    const std::string price = candidate.at("liquidation_price");
    EXPECT_NEAR(std::stod(price) / 1e12, 2731.5, 1e-6);
    ASSERT_FALSE(candidate.at("band").is_null());
    EXPECT_DOUBLE_EQ(candidate.at("band").at("half_width").get<double>(), candidate.at("feed_deviation").get<double>());
    EXPECT_LT(candidate.at("band").at("near_room").get<double>(), candidate.at("room").get<double>());
    EXPECT_LT(candidate.at("band").at("near_z").get<double>(), candidate.at("z").get<double>());
    const std::string above = std::to_string(std::stoull(price) + 1);
    const std::string key = key_of(account);
    EXPECT_FALSE(liquidated(key, above)) << "one unit nearer";
    // The same through the feeds of the chain.
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2732"}});
    EXPECT_EQ(check(0, 20).at(0).at("standing").at("liquidatable"), false) << "critical, and not yet liquidatable";
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2731"}});
    EXPECT_EQ(check(0, 20).at(0).at("standing").at("liquidatable"), true);
    EXPECT_TRUE(liquidated(key, price));
    EXPECT_TRUE(check(0, 0).empty());
}

TEST_F(GmxOnChain, fees_that_are_pending_count_though_the_readers_test_does_not_see_them) {
    open_long(1);
    // Funding needs somebody on the other side.
    send(json::array({open(3, "ETH", "USDC", false, usd("3000"), zeros("1000", 6), zeros("3000", 12))}));
    // 1 % of the size a day in borrowing and as much in funding.
    const std::string rate = zeros("115740740740740740", 6);
    send(json::array({call("store", "setSide", {"BORROWING_PER_SECOND", market("ETH"), true, rate}), call("store", "set", {"FUNDING_PER_SECOND", market("ETH"), rate}),
                      call("store", "set", {"LONGS_PAY_SHORTS", market("ETH"), "1"})}));
    chain_.verb("warp", {{"seconds", 86400}, {"refresh", true}});
    const json day = check(1).at(0);
    EXPECT_EQ(day.at("grade").at("kind"), "verified") << day.dump(1);
    // About 2,000 of fees in a day and some seconds, and the position fee of 50.
    EXPECT_NEAR(std::stod(native(day, "costUsd")) / 1e30, 2050, 1);
    EXPECT_NEAR(std::stod(native(day, "remainingCollateralUsd")) / 1e30, 7950, 1);
    EXPECT_NEAR(day.at("carry_per_day_usd").get<double>(), -2000, 1);
    chain_.verb("warp", {{"seconds", 4 * 86400}, {"refresh", true}});
    const json late = check(1, 20).at(0);
    EXPECT_EQ(late.at("standing").at("liquidatable"), true);
    EXPECT_EQ(late.at("grade").at("kind"), "verified") << "the Reader's test says no, by stored fees: " << late.dump(1);
    EXPECT_TRUE(liquidated(key_of(late), zeros("3000", 12)));
}

TEST_F(GmxOnChain, reads_both_widths_and_refuses_others) {
    open_long(0);
    send(json::array({call("reader", "setWords", {66})}));
    EXPECT_EQ(check(0, 0).at(0).at("grade").at("kind"), "verified");
    const TempFolder folder;
    DaemonProcess daemon(folder, config(0));
    const auto holds = [](const Answer& answer, const char* text) { return answer.body.dump().find(text) != std::string::npos; };
    daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) { return holds(answer, "verified"); });
    send(json::array({call("reader", "setWords", {68})}));
    daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) { return holds(answer, "PositionInfo has 68 words"); });
    EXPECT_NE(run_margind({"check", user(0), "--config", folder_.write("local.toml", config(0))}).code, 0) << "refused where the daemon starts, too";
}

TEST_F(GmxOnChain, every_market_reads_and_what_has_no_price_hides_nothing_else) {
    // A synthetic index without code: 8 decimals by its feed's multiplier. A market of one token; a profit that the pool does not pay in full.
    send(json::array({open(2, "BTC", "WBTC", false, usd("60000"), zeros("1", 8), zeros("60000", 22)),
                      open(2, "ETH single", "WETH", true, usd("30000"), zeros("2", 18), zeros("2500", 12)),
                      call("store", "setMaxPnl", {market("ETH single"), true, zeros("1", 26)}),
                      call("store", "setPool", {market("ETH single"), token("WETH"), zeros("10000", 18)}),
                      open(2, "SOL", "USDC", true, usd("1000"), zeros("500", 6), zeros("150", 21))}));
    std::vector<json> accounts = check(2, 30);
    ASSERT_EQ(accounts.size(), 3U);
    std::size_t unknown = 0;
    for (const json& account : accounts) {
        if (account.at("grade").at("kind") == "unknown") {
            ++unknown;
            EXPECT_NE(account.at("reason").get<std::string>().find("the price provider has no price of"), std::string::npos) << account.at("reason");
            continue;
        }
        EXPECT_EQ(account.at("grade").at("kind"), "verified") << account.dump(1);
        const json& perp = account.at("positions").at(1);
        if (perp.at("label") == "BTC") {
            EXPECT_EQ(perp.at("quantity").at("amount"), "-1");
            EXPECT_EQ(perp.at("mark").at("amount"), "60000");
            // Short of 1 BTC at 60,000 behind 1 BTC: the price cancels out.
            EXPECT_EQ(account.at("standing").at("equity").at("amount"), "60000");
        } else {
            // 12 ETH at 3,000 have 6,000 of profit, the pool's half of 10,000 ETH pays 0.01 % of 15 million: 1,500.
            EXPECT_EQ(native(account, "PositionInfo.uncappedBasePnlUsd"), usd("6000"));
            EXPECT_EQ(native(account, "PositionInfo.basePnlUsd"), usd("1500"));
        }
    }
    EXPECT_EQ(unknown, 1U);
}

TEST_F(GmxOnChain, a_position_that_cannot_be_read_hides_no_other) {
    open_long(0);
    // The Reader refuses everything about a side that somebody is on while its pool is empty.
    send(json::array({open(0, "BTC", "WBTC", false, usd("60000"), zeros("1", 8), zeros("60000", 22)),
                      call("store", "setPool", {market("BTC"), token("USDC"), "0"}), call("store", "set", {"IS_MARKET_DISABLED", market("ETH"), "1"})}));
    const std::vector<json> accounts = check(0, 30);
    ASSERT_EQ(accounts.size(), 2U);
    for (const json& account : accounts) {
        const std::string reason = account.dump();
        if (account.at("grade").at("kind") == "unknown") {
            EXPECT_NE(reason.find("0x6afad778"), std::string::npos) << account.at("reason");
            continue;
        }
        EXPECT_EQ(account.at("grade").at("kind"), "verified") << account.dump(1);
        EXPECT_NE(reason.find("its market is disabled: it can be neither closed nor added to"), std::string::npos) << account.at("grade");
    }
    EXPECT_NE(accounts[0].at("grade").at("kind"), accounts[1].at("grade").at("kind"));
}

TEST(GmxAccountFile, the_readmes_example_is_evaluated_step_by_step) {
    std::ifstream readme(std::string(MARGIND_SOURCE_DIR) + "/adapters/protocols/gmx_v2/README.md");
    std::stringstream text;
    text << readme.rdbuf();
    const std::string all = text.str();
    const std::size_t from = all.find("```json\n") + 8;
    const TempFolder folder;
    const std::string file = folder.write("account.json", all.substr(from, all.find("```", from) - from));
    const Finished run = run_margind({"evaluate", file});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* part : {"collateral x its lower price", "42000", "-32000", "remaining collateral", "10000", "least: size x factor", "2000", "P_liq of ETH down"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
    const json answer = json::parse(run_margind({"evaluate", file, "--json"}).out);
    // 4,040 is the first that is not liquidated.
    EXPECT_EQ(answer.at("candidates").at(0).at("liquidation_price"), "4039999999999999");
    EXPECT_FALSE(answer.at("candidates").at(0).at("band").is_null());
    const std::string wrong = folder.write("wrong.json", R"({"format":"gmx_v2.account-file/1","underlyings":{"index":"ETH","collateral":"ETH","pool":"ETH"},"position":{}})");
    const Finished refused = run_margind({"evaluate", wrong});
    EXPECT_EQ(refused.code, 2);
    EXPECT_NE(refused.err.find("$.position: missing key"), std::string::npos) << refused.err;
}

TEST(GmxAccountFile, gives_the_worked_numbers_of_a_short_with_fees_and_impact) {
    // perps.md 1.8, short: (1,000 - (10,000 - 100 - 200) - 100,000) / -20 = 5,435.
    const std::string file = std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/gmx_v2/short_behind_usdc.json";
    const Finished run = run_margind({"evaluate", file});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* part : {"side", "short", "price impact of the test", "-200", "cost: fees, borrowing, funding", "9700", "P_liq of ETH up"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
    const json candidate = json::parse(run_margind({"evaluate", file, "--json"}).out).at("candidates").at(0);
    EXPECT_EQ(candidate.at("liquidation_price"), "5435000000000001");
    EXPECT_EQ(candidate.at("direction"), "up");
}

}  // namespace
}  // namespace margind::tests
