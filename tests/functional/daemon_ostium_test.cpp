// Ostium through the real daemon: a double of ours, whose own liquidation tells where it begins.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <sstream>

namespace margind::tests {
namespace {

using nlohmann::json;

std::string zeros(const std::string& number, std::size_t count) { return number + std::string(count, '0'); }

class OstiumOnChain : public testing::Test {
protected:
    std::string user(std::size_t index) const { return chain_.ready().at("accounts").at(index).get<std::string>(); }
    std::string at(const std::string& place) const { return chain_.address(place).to_string(); }
    int pair(const char* name) const { return chain_.ready().at("addresses").at("ostium").at("pairs").at(name).get<int>(); }

    static json call(const char* method, const json& args, bool may_fail = false) {
        json one = json::object();
        one["method"] = method;
        one["args"] = args;
        one["mayFail"] = may_fail;
        return one;
    }
    json send(const json& calls) const { return chain_.verb("ostium_send", {{"calls", calls}}); }
    /// So many USDC at `leverage` (in hundredths) on a pair opened at a whole price.
    json open(std::size_t owner, const char* name, int index, bool is_long, int leverage, const std::string& price, const std::string& usdc = "1000") const {
        return call("open", {user(owner), pair(name), index, is_long, zeros(usdc, 6), leverage, zeros(price, 18)});
    }
    bool liquidated(std::size_t owner, const char* name, int index, const std::string& price) const {
        return send(json::array({call("executeLiquidation", {user(owner), pair(name), index, price}, true)})).at("refused").at(0).is_null();
    }
    /// A day's heartbeat; the name of three letters in hex.
    std::string feed_row(const char* symbol, const char* name) const {
        std::string row = at(std::string("/feeds/") + symbol) + "00015180" + name + "0000000000";
        for (char& c : row) c = static_cast<char>(std::tolower(c));
        return '"' + row + '"';
    }
    std::string config(std::size_t owner) const {
        std::string text = config_text(chain_, {.owners = {user(owner)}, .storage = false});
        text += "[[venue]]\nid = \"ostium:31337\"\naddresses = { trading_storage = \"" + at("/ostium/trading_storage") + "\", usdc = \"" + at("/tokens/USDC/address") + "\" }\n";
        text += "ids.price_feeds = [" + feed_row("ETH", "455448") + ", " + feed_row("BTC", "425443") + "]\n";
        for (const auto& [token, name] : {std::pair("0x4554482f55534400000000000000000000000000", "ETH"), std::pair("0x4254432f55534400000000000000000000000000", "BTC"),
                                          std::pair("0x4e5644412f555344000000000000000000000000", "ETH")})
            text += std::string("[[asset]]\nchain = 31337\ntoken = \"") + token + "\"\nunderlying = \"" + name + "\"\nlabel = \"" + name + " at Ostium\"\n";
        return text;
    }
    std::vector<json> check(std::size_t owner, std::optional<int> code = {}) const {
        const Finished run = run_margind({"check", user(owner), "--config", folder_.write("local.toml", config(owner)), "--json"});
        if (code) {
            EXPECT_EQ(run.code, *code) << run.err << run.out.substr(0, 4000);
        }
        const json report = json::parse(run.out);
        std::vector<json> found;
        for (const json& account : report.at("portfolios").at(0).at("accounts"))
            if (account.at("key").dump().find("ostium:31337") != std::string::npos) found.push_back(account);
        return found;
    }
    static std::string native(const json& account, const std::string& name) {
        for (const json& figure : account.at("native"))
            if (figure.at("name") == name) return figure.at("value").get<std::string>();
        return "none";
    }

    ChainProcess chain_{{"--with", "ostium"}};
    TempFolder folder_;
};

TEST_F(OstiumOnChain, check_gives_the_price_at_which_the_double_liquidates_and_a_band_around_it) {
    send(json::array({open(0, "ETH/USD", 0, true, 1000, "3000", "100000"), open(0, "BTC/USD", 1, false, 1000, "60000", "100000")}));
    const std::vector<json> accounts = check(0, 0);
    ASSERT_EQ(accounts.size(), 2U);
    const json& btc = accounts.at(0);
    const json& eth = accounts.at(1);
    EXPECT_NE(btc.at("key").dump().find("trade.0.1"), std::string::npos) << btc.at("key");
    EXPECT_EQ(eth.at("grade").at("kind"), "verified") << eth.dump(1);
    EXPECT_NE(eth.at("grade").at("reason").get<std::string>().find("it liquidates on prices that are not on chain"), std::string::npos);
    EXPECT_EQ(eth.at("standing").at("maintenance").at("amount"), "2500") << "25 % of 100,000 x 10 / 100";
    EXPECT_EQ(eth.at("standing").at("initial").at("amount"), "10000");
    // The least rollover is a millionth.
    EXPECT_EQ(eth.at("standing").at("equity").at("amount"), "99999.999999");
    const json& candidate = eth.at("candidates").at(0);
    EXPECT_EQ(candidate.at("direction"), "down");
    // 3,000 - 3,000 x 0.975 / 10.
    const std::string price = candidate.at("liquidation_price");
    EXPECT_NEAR(std::stod(price) / 1e18, 2707.5, 1e-3);
    EXPECT_NEAR(std::stod(native(eth, "PairInfos.getTradeLiquidationPrice")) / 1e18, 2707.5, 1e-3);
    ASSERT_FALSE(candidate.at("band").is_null());
    EXPECT_DOUBLE_EQ(candidate.at("band").at("half_width").get<double>(), candidate.at("feed_deviation").get<double>());
    EXPECT_LT(candidate.at("band").at("near_room").get<double>(), candidate.at("room").get<double>());
    EXPECT_EQ(btc.at("candidates").at(0).at("direction"), "up");
    // The contract's own answer flips exactly there, by feeds and by the keeper.
    const model::U256 flip = model::U256::from_decimal(price).value();
    EXPECT_FALSE(liquidated(0, "ETH/USD", 0, checked_add(flip, model::U256(1))->to_decimal())) << "one unit nearer";
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2708"}});
    EXPECT_EQ(check(0, 20).at(1).at("standing").at("liquidatable"), false) << "critical, and not yet liquidatable";
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2707"}});
    EXPECT_EQ(check(0, 20).at(1).at("standing").at("liquidatable"), true);
    EXPECT_TRUE(liquidated(0, "ETH/USD", 0, price));
    EXPECT_EQ(check(0, 0).size(), 1U);
}

TEST_F(OstiumOnChain, fees_that_are_pending_bring_the_liquidation_nearer) {
    // A half percent of the position a day in rollover, and as much from longs to shorts.
    const std::string rate = "14467592592";
    send(json::array({call("setRates", {pair("ETH/USD"), rate, rate}), open(1, "ETH/USD", 0, true, 2000, "3000"), open(1, "ETH/USD", 1, false, 2000, "3000")}));
    chain_.verb("warp", {{"seconds", 86'400}, {"refresh", true}});
    const std::vector<json> accounts = check(1);
    ASSERT_EQ(accounts.size(), 2U);
    // 20,000 USDC x 0.5 % = 100 a day each, and some seconds.
    EXPECT_EQ(accounts[0].at("grade").at("kind"), "verified") << accounts[0].dump(1);
    EXPECT_EQ(accounts[1].at("grade").at("kind"), "verified") << accounts[1].dump(1);
    EXPECT_NEAR(std::stod(native(accounts[0], "tradeValue")) / 1e6, 800, 0.1);
    EXPECT_NEAR(std::stod(native(accounts[1], "tradeValue")) / 1e6, 1000, 0.1);
    EXPECT_NEAR(accounts[0].at("carry_per_day_usd").get<double>(), -200, 0.1);
    EXPECT_NEAR(accounts[1].at("carry_per_day_usd").get<double>(), -100, 0.1) << "what it receives does not count";
    chain_.verb("warp", {{"seconds", 4 * 86'400}, {"refresh", true}});
    // What is left is below what counts for the headline.
    const std::vector<json> late = check(1);
    EXPECT_EQ(late.at(0).at("standing").at("liquidatable"), true);
    EXPECT_EQ(late.at(1).at("standing").at("liquidatable"), false);
    EXPECT_TRUE(liquidated(1, "ETH/USD", 0, zeros("3000", 18)));
    EXPECT_FALSE(liquidated(1, "ETH/USD", 1, zeros("3000", 18)));
}

TEST_F(OstiumOnChain, the_price_of_the_last_trade_is_marked_stale_and_none_is_unknown) {
    send(json::array({open(2, "NVDA/USD", 2, true, 8000, "150")}));
    const json nothing = check(2, 30).at(0);
    EXPECT_EQ(nothing.at("grade").at("kind"), "unknown");
    EXPECT_NE(nothing.at("reason").get<std::string>().find("no price of NVDA/USD on chain"), std::string::npos) << nothing.at("reason");
    send(json::array({call("setLastTradePrice", {pair("NVDA/USD"), zeros("151", 18)})}));
    const json by_last = check(2).at(0);
    EXPECT_EQ(by_last.at("grade").at("kind"), "verified") << by_last.dump(1);
    EXPECT_EQ(by_last.at("grade").at("qualifiers").at("stale"), true);
    EXPECT_NE(by_last.at("grade").at("reason").get<std::string>().find("closed at the end of the trading day"), std::string::npos) << by_last.at("grade");
}

TEST_F(OstiumOnChain, a_pair_that_is_listed_under_way_is_found) {
    const TempFolder folder;
    DaemonProcess daemon(folder, config(3));
    daemon.await("/v1/portfolios/desk/accounts", [](const Answer& answer) { return answer.status == 200; });
    // "SOL" and "USD" as bytes32.
    const auto name = [](const char* hex) { return "0x" + std::string(hex) + std::string(58, '0'); };
    const int listed = static_cast<int>(chain_.ready().at("addresses").at("ostium").at("pairs").size());
    send(json::array({call("addPair", {name("534f4c"), name("555344"), 10'000, 0}), call("setLastTradePrice", {listed, zeros("150", 18)}),
                      call("open", {user(3), listed, 1, true, zeros("1000", 6), 500, zeros("150", 18)})}));
    daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) {
        const std::string text = answer.body.dump();
        // It has no row in the asset table.
        return text.find("trade." + std::to_string(listed) + ".1") != std::string::npos && text.find("(SOL/USD) on chain 31337: add it") != std::string::npos;
    });
}

TEST_F(OstiumOnChain, another_layout_is_an_error_at_the_start_and_under_way) {
    send(json::array({open(0, "ETH/USD", 0, true, 2000, "3000")}));
    const TempFolder folder;
    DaemonProcess daemon(folder, config(0));
    const auto holds = [](const Answer& answer, const char* text) { return answer.body.dump().find(text) != std::string::npos; };
    daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) { return holds(answer, "ostium:31337") && holds(answer, "verified"); });
    send(json::array({call("setExtraWords", {1})}));
    daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) { return holds(answer, "getOpenTrade: 320 bytes instead of 288"); });
    EXPECT_NE(run_margind({"check", user(0), "--config", folder_.write("local.toml", config(0))}).code, 0) << "refused where the daemon starts, too";
}

TEST(OstiumAccountFile, the_readmes_example_is_evaluated_step_by_step) {
    std::ifstream readme(std::string(MARGIND_SOURCE_DIR) + "/adapters/protocols/ostium/README.md");
    std::stringstream text;
    text << readme.rdbuf();
    const std::string all = text.str();
    const std::size_t from = all.find("```json\n") + 8;
    const TempFolder folder;
    const std::string file = folder.write("account.json", all.substr(from, all.find("```", from) - from));
    const Finished run = run_margind({"evaluate", file});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* part : {"price of liquidation by the contract", "62.5", "liquidation margin", "0.5", "P_liq of ETH down"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
    const json answer = json::parse(run_margind({"evaluate", file, "--json"}).out);
    EXPECT_NEAR(std::stod(answer.at("candidates").at(0).at("liquidation_price").get<std::string>()) / 1e18, 62.5, 1e-4);
    EXPECT_FALSE(answer.at("candidates").at(0).at("band").is_null());
    const std::string wrong = folder.write("wrong.json", R"({"format":"ostium.account-file/1","underlyings":{"index":"ETH","collateral":"USDC"},"trade":{}})");
    const Finished refused = run_margind({"evaluate", wrong});
    EXPECT_EQ(refused.code, 2);
    EXPECT_NE(refused.err.find("$.trade: missing key"), std::string::npos) << refused.err;
}

TEST(OstiumAccountFile, gives_the_price_of_the_tables_short_at_100x) {
    // perps.md 4.3, the second case; above the pair's maximum leverage of 10 the margin is more than the collateral.
    const std::string file = std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/ostium/short_at_100x.json";
    const Finished run = run_margind({"evaluate", file});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* part : {"short", "liquidation margin", "2500", "1796.0577888", "P_liq of ETH up"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
    const json candidate = json::parse(run_margind({"evaluate", file, "--json"}).out).at("candidates").at(0);
    EXPECT_NEAR(std::stod(candidate.at("liquidation_price").get<std::string>()) / 1e18, 1796.057789, 1e-3);
    EXPECT_EQ(candidate.at("direction"), "up");
}

}  // namespace
}  // namespace margind::tests
