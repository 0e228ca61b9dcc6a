// gTrade through the real daemon: a double of ours, whose own liquidation tells where it begins.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <sstream>

namespace margind::tests {
namespace {

using nlohmann::json;

std::string zeros(const std::string& number, std::size_t count) { return number + std::string(count, '0'); }

class GTradeOnChain : public testing::Test {
protected:
    std::string user(std::size_t index) const { return chain_.ready().at("accounts").at(index).get<std::string>(); }
    std::string at(const std::string& place) const { return chain_.address(place).to_string(); }

    static json call(const char* method, const json& args, bool may_fail = false) {
        json one = json::object();
        one["method"] = method;
        one["args"] = args;
        one["mayFail"] = may_fail;
        return one;
    }
    json send(const json& calls) const { return chain_.verb("gtrade_send", {{"calls", calls}}); }

    struct Opened {
        int index = 0;
        /// 0 BTC, 1 ETH, 2 DOGE.
        int pair = 1;
        bool is_long = true;
        /// In thousandths.
        int leverage = 10'000;
        /// 1 USDC, 2 WETH.
        int collateral = 1;
        std::string amount = zeros("100000", 6);
        std::string price = zeros("3000", 10);
        int type = 0;
        int version = 2;
        bool is_counter = false;
    };
    /// With a loss of 90 % up to 50x, down to 80 % at 150x, and at most 0.05 % of spread.
    json store(std::size_t owner, const Opened& o) const {
        const json trade = {user(owner), o.index, o.pair, o.leverage, o.is_long, true, o.collateral, o.type, o.amount, o.price, 0, 0, o.is_counter, 0, 0};
        const json params = {"500000000", "900000000000", "800000000000", 50'000, 150'000};
        return call("store", {trade, o.version, params});
    }
    bool liquidated(std::size_t owner, int index, const std::string& price) const {
        return send(json::array({call("executeLiquidation", {user(owner), index, price}, true)})).at("refused").at(0).is_null();
    }
    /// A day's heartbeat; the name of three letters in hex.
    std::string feed_row(const char* symbol, const char* name) const {
        std::string row = at(std::string("/feeds/") + symbol) + "00015180" + name + "0000000000";
        for (char& c : row) c = static_cast<char>(std::tolower(c));
        return '"' + row + '"';
    }
    std::string config(std::size_t owner) const {
        std::string text = config_text(chain_, {.owners = {user(owner)}, .storage = false});
        text += "[[venue]]\nid = \"gtrade:31337\"\naddresses.diamond = \"" + at("/gtrade/diamond") + "\"\n";
        text += "ids.price_feeds = [" + feed_row("ETH", "455448") + ", " + feed_row("BTC", "425443") + "]\n";
        for (const auto& [token, name] : {std::pair("0x4554482f55534400000000000000000000000000", "ETH"), std::pair("0x4254432f55534400000000000000000000000000", "BTC")})
            text += std::string("[[asset]]\nchain = 31337\ntoken = \"") + token + "\"\nunderlying = \"" + name + "\"\nlabel = \"" + name + "/USD\"\n";
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
            if (account.at("key").dump().find("gtrade:31337") != std::string::npos) found.push_back(account);
        return found;
    }
    static std::string native(const json& account, const std::string& name) {
        for (const json& figure : account.at("native"))
            if (figure.at("name") == name) return figure.at("value").get<std::string>();
        return "none";
    }

    ChainProcess chain_{{"--with", "gtrade"}};
    TempFolder folder_;
};

TEST_F(GTradeOnChain, check_gives_the_price_at_which_the_double_liquidates_and_a_band_around_it) {
    // 0.08 % of spread; lost 1,000 USDC before and paid 200 in fees.
    send(json::array({call("setSpread", {1, "800000000"}), store(0, {}), call("setFees", {user(0), 0, zeros("200", 6), "-" + zeros("1000", 6)}),
                      store(0, {.index = 1, .pair = 0, .is_long = false, .price = zeros("60000", 10)}), store(0, {.index = 2, .type = 1})}));
    const std::vector<json> accounts = check(0, 0);
    ASSERT_EQ(accounts.size(), 2U) << "an order that waits is no position";
    const json& eth = accounts.at(0);
    const json& btc = accounts.at(1);
    EXPECT_NE(eth.at("key").dump().find("trade.0"), std::string::npos) << eth.at("key");
    EXPECT_EQ(eth.at("grade").at("kind"), "verified") << eth.dump(1);
    EXPECT_EQ(btc.at("grade").at("kind"), "verified") << btc.dump(1);
    EXPECT_NE(eth.at("grade").at("reason").get<std::string>().find("it liquidates on prices that are not on chain"), std::string::npos);
    // A close costs 0.06 % of a million.
    EXPECT_EQ(native(eth, "closingFee"), zeros("600", 6));
    EXPECT_EQ(eth.at("standing").at("equity").at("amount"), "98200");
    EXPECT_EQ(eth.at("standing").at("maintenance").at("amount"), "10400") << "10 % of 100,000 and 0.04 % of a million";
    const json& candidate = eth.at("candidates").at(0);
    EXPECT_EQ(candidate.at("direction"), "down");
    // 3,000 - 3,000 x (90,000 - 1,800) / 100,000 / 10 + 3,000 x 0.04 %.
    const std::string price = candidate.at("liquidation_price");
    EXPECT_EQ(price, zeros("27366", 9));
    EXPECT_EQ(native(eth, "Diamond.getTradeLiquidationPrice"), price);
    ASSERT_FALSE(candidate.at("band").is_null());
    EXPECT_DOUBLE_EQ(candidate.at("band").at("half_width").get<double>(), candidate.at("feed_deviation").get<double>());
    EXPECT_LT(candidate.at("band").at("near_room").get<double>(), candidate.at("room").get<double>());
    EXPECT_EQ(btc.at("candidates").at(0).at("direction"), "up");
    // The contract's own answer flips exactly there, by feeds and by the bot.
    EXPECT_FALSE(liquidated(0, 0, std::to_string(std::stoull(price) + 1))) << "one unit nearer";
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2736.7"}});
    EXPECT_EQ(check(0, 20).at(0).at("standing").at("liquidatable"), false) << "critical, and not yet liquidatable";
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "2736.6"}});
    EXPECT_EQ(check(0, 20).at(0).at("standing").at("liquidatable"), true);
    EXPECT_TRUE(liquidated(0, 0, price));
    EXPECT_EQ(check(0, 0).size(), 1U);
}

TEST_F(GTradeOnChain, holding_fees_follow_price_and_time_and_are_verified_as_they_go) {
    // 1 % a day of the position in borrowing, and half a percent from longs to shorts.
    send(json::array({call("setRates", {1, 115'741, "5787037037037"}), store(1, {}), store(1, {.index = 1, .is_long = false, .is_counter = true}),
                      store(1, {.index = 2, .version = 1})}));
    chain_.verb("warp", {{"seconds", 43'200}, {"refresh", true}});
    const std::vector<json> accounts = check(1);
    ASSERT_EQ(accounts.size(), 3U);
    for (const json& account : accounts) EXPECT_EQ(account.at("grade").at("kind"), "verified") << account.dump(1);
    // Of a million: 5,000 of borrowing and 2,500 of funding in half a day.
    EXPECT_NEAR(std::stod(native(accounts[0], "holdingFees")) / 1e6, 7500, 5);
    EXPECT_NEAR(std::stod(native(accounts[1], "holdingFees")) / 1e6, 2500, 5);
    EXPECT_NEAR(std::stod(native(accounts[2], "holdingFees")) / 1e6, 5000, 5) << "no funding before version 10";
    EXPECT_EQ(native(accounts[1], "closingFee"), zeros("300", 6)) << "half for a counter-trade";
    EXPECT_NEAR(accounts[0].at("carry_per_day_usd").get<double>(), -15'000, 10);
    EXPECT_NEAR(accounts[1].at("carry_per_day_usd").get<double>(), -10'000, 10) << "what it receives does not count";
    // Fees fall with the price: the double's own price of liquidation, asked at it, is ours.
    const std::string price = accounts[0].at("candidates").at(0).at("liquidation_price");
    EXPECT_NE(price, native(accounts[0], "Diamond.getTradeLiquidationPrice"));
    EXPECT_FALSE(liquidated(1, 0, std::to_string(std::stoull(price) + 2'000'000'000))) << "0.2 nearer: the fees of some seconds";
    EXPECT_TRUE(liquidated(1, 0, price));
    // Another price on the feed: verified, too.
    chain_.verb("set_price", {{"asset", "ETH"}, {"price", "3100"}});
    for (const json& account : check(1)) EXPECT_EQ(account.at("grade").at("kind"), "verified") << account.dump(1);
}

TEST_F(GTradeOnChain, another_collateral_is_its_own_money_and_what_has_no_price_hides_nothing_else) {
    send(json::array({store(2, {.index = 0, .leverage = 100'000, .collateral = 2, .amount = zeros("1", 18)}), store(2, {.index = 7, .pair = 2}), call("setTradingActivated", {2})}));
    // Critical at 100x.
    const std::vector<json> accounts = check(2, 20);
    ASSERT_EQ(accounts.size(), 2U);
    const json& weth = accounts.at(0);
    EXPECT_EQ(weth.at("grade").at("kind"), "verified") << weth.dump(1);
    EXPECT_NE(weth.at("grade").at("reason").get<std::string>().find("trading is restricted"), std::string::npos) << weth.at("grade");
    // 85 % at 100x; a close costs 0.06 of 1 WETH.
    EXPECT_EQ(native(weth, "liqPnlThresholdP"), "850000000000");
    EXPECT_EQ(weth.at("standing").at("equity").at("amount"), "0.94");
    EXPECT_EQ(weth.at("standing").at("equity").at("unit"), "ETH");
    // 100 WETH at 3,000 move as 100 ETH do.
    const json& perp = weth.at("positions").at(1);
    EXPECT_EQ(perp.at("quantity").at("amount"), "100");
    EXPECT_EQ(perp.at("mark").at("amount"), "1");
    EXPECT_EQ(perp.at("notional").at("amount"), "100");
    EXPECT_EQ(accounts.at(1).at("grade").at("kind"), "unknown");
    EXPECT_NE(accounts.at(1).at("reason").get<std::string>().find("no price of DOGE/USD on chain"), std::string::npos) << accounts.at(1).at("reason");
}

TEST_F(GTradeOnChain, another_layout_is_an_error_under_way) {
    send(json::array({store(0, {})}));
    const TempFolder folder;
    DaemonProcess daemon(folder, config(0));
    const auto holds = [](const Answer& answer, const char* text) { return answer.body.dump().find(text) != std::string::npos; };
    daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) { return holds(answer, "gtrade:31337") && holds(answer, "verified"); });
    send(json::array({call("setExtraWords", {1})}));
    daemon.await("/v1/portfolios/desk/accounts", [&](const Answer& answer) { return holds(answer, "another layout"); });
    EXPECT_NE(run_margind({"check", user(0), "--config", folder_.write("local.toml", config(0))}).code, 0);
}

TEST_F(GTradeOnChain, an_address_that_is_another_contract_is_refused_at_the_start) {
    std::string text = config(0);
    const std::string diamond = at("/gtrade/diamond");
    text.replace(text.find(diamond), diamond.size(), at("/feeds/ETH"));
    const Finished run = run_margind({"check", user(0), "--config", folder_.write("other.toml", text)});
    EXPECT_NE(run.code, 0);
    EXPECT_NE((run.out + run.err).find("not gTrade"), std::string::npos) << run.out << run.err;
}

TEST(GTradeAccountFile, the_readmes_example_is_evaluated_step_by_step) {
    std::ifstream readme(std::string(MARGIND_SOURCE_DIR) + "/adapters/protocols/gtrade/README.md");
    std::stringstream text;
    text << readme.rdbuf();
    const std::string all = text.str();
    const std::size_t from = all.find("```json\n") + 8;
    const TempFolder folder;
    const std::string file = folder.write("account.json", all.substr(from, all.find("```", from) - from));
    const Finished run = run_margind({"evaluate", file});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* part : {"value: collateral + profit - fees", "1490", "price of liquidation by the contract", "91.1", "P_liq of ETH down"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
    const json answer = json::parse(run_margind({"evaluate", file, "--json"}).out);
    EXPECT_EQ(answer.at("candidates").at(0).at("liquidation_price"), "911000000000");
    EXPECT_FALSE(answer.at("candidates").at(0).at("band").is_null());
    const std::string wrong = folder.write("wrong.json", R"({"format":"gtrade.account-file/1","underlyings":{"index":"ETH","collateral":"USDC"},"trade":{}})");
    const Finished refused = run_margind({"evaluate", wrong});
    EXPECT_EQ(refused.code, 2);
    EXPECT_NE(refused.err.find("$.trade: missing key"), std::string::npos) << refused.err;
}

TEST(GTradeAccountFile, gives_the_worked_numbers_of_a_short_behind_weth) {
    // perps.md 3.6: 85 % between 10x and 30x; fees 0.01 + 0.02 + 0.03; 3,000 + 3,000 x (0.425 - 0.06) / 0.5 / 20 - 3,000 x 0.04 %.
    const std::string file = std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/gtrade/short_behind_weth.json";
    const Finished run = run_margind({"evaluate", file});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* part : {"short", "closing fee", "0.01", "fees less what is realised", "0.06", "0.44", "loss that liquidates, percent", "85", "3108.3", "P_liq of ETH up"})
        EXPECT_NE(run.out.find(part), std::string::npos) << part << " is not in:\n" << run.out;
    const json candidate = json::parse(run_margind({"evaluate", file, "--json"}).out).at("candidates").at(0);
    EXPECT_EQ(candidate.at("liquidation_price"), "31083000000000");
    EXPECT_EQ(candidate.at("direction"), "up");
}

}  // namespace
}  // namespace margind::tests
