// margind check on a real chain: what it prints, and each documented exit code.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace margind::tests {
namespace {

using nlohmann::json;

class Check : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        chain = new ChainProcess();
        chain->verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "10"}});
        chain->verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "10000"}});
        chain->verb("aave_supply", {{"user", 1}, {"asset", "WETH"}, {"amount", "10"}});
        chain->verb("aave_borrow", {{"user", 1}, {"asset", "USDC"}, {"amount", "23900"}});
        chain->verb("aave_supply", {{"user", 2}, {"asset", "WETH"}, {"amount", "10"}});
        chain->verb("aave_borrow", {{"user", 2}, {"asset", "USDC"}, {"amount", "23100"}});
    }
    static void TearDownTestSuite() {
        delete chain;
        chain = nullptr;
    }

    static std::string user(std::size_t index) { return chain->ready().at("accounts").at(index).get<std::string>(); }

    std::string config(const ConfigOptions& options = {}) const { return folder_.write("local.toml", config_text(*chain, options)); }

    // One line on stderr that holds all of `named`.
    static void expect_one_line(const Finished& finished, int code, const std::vector<std::string>& named) {
        EXPECT_EQ(finished.code, code) << finished.err;
        EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
        EXPECT_EQ(finished.out, "");
        for (const std::string& name : named) EXPECT_NE(finished.err.find(name), std::string::npos) << "'" << name << "' is not in: " << finished.err;
    }

    TempFolder folder_;
    static ChainProcess* chain;
};
ChainProcess* Check::chain = nullptr;

TEST_F(Check, says_first_what_would_be_liquidated_first) {
    const Finished finished = run_margind({"check", user(0), "--config", config({.owners = {user(0)}})});
    EXPECT_EQ(finished.code, 0) << finished.err;
    // 10 WETH at 3000 with a threshold of 82.5 % against 10,000 USDC: liquidated at 1212.12.
    for (const char* part : {"headline            OK", "first liquidation   aave_v3:31337, WETH oracle at 1,212.12", "loss if it happens", "smallest action",
                             "unified equity      20,000.00 USD", "healthFactor", "verified"})
        EXPECT_NE(finished.out.find(part), std::string::npos) << part << " is not in:\n" << finished.out;
}

TEST_F(Check, exits_by_the_headline) {
    const std::string file = config({.owners = {user(0)}});
    const auto json_of = [&](std::size_t index) { return run_margind({"check", user(index), "--config", file, "--json"}); };
    const auto level = [](const Finished& finished) { return json::parse(finished.out).at("portfolios").at(0).at("headline").at("level").get<std::string>(); };
    const Finished good = json_of(0);
    EXPECT_EQ(good.code, 0);
    EXPECT_EQ(level(good), "ok");
    const Finished warned = json_of(2);
    EXPECT_EQ(warned.code, 10);
    EXPECT_EQ(level(warned), "warn");
    // Liquidated below 2897; then 0.5 % above it, then below.
    chain->verb("set_price", {{"asset", "ETH"}, {"price", "2911"}});
    const Finished critical = json_of(1);
    EXPECT_EQ(critical.code, 20);
    EXPECT_EQ(level(critical), "critical");
    // Together they are one book, and its headline is the worst.
    EXPECT_EQ(run_margind({"check", user(0), user(1), "--config", file}).code, 20);
    chain->verb("set_price", {{"asset", "ETH"}, {"price", "2896"}});
    const Finished liquidatable = json_of(1);
    EXPECT_EQ(liquidatable.code, 20);
    EXPECT_EQ(level(liquidatable), "liquidatable");
    chain->verb("set_price", {{"asset", "ETH"}, {"price", "3000"}});
}

TEST_F(Check, exits_30_when_an_account_is_unknown) {
    // A token without a row in the asset map makes its holder unknown.
    std::string text = config_text(*chain, {.owners = {user(0)}});
    const std::string row = "label = \"WETH\"";
    const auto end = text.find(row);
    const auto start = text.rfind("[[asset]]", end);
    text.erase(start, end + row.size() - start);
    const Finished finished = run_margind({"check", user(0), "--config", folder_.write("no_weth.toml", text), "--json"});
    EXPECT_EQ(finished.code, 30) << finished.err;
    const json portfolio = json::parse(finished.out).at("portfolios").at(0);
    EXPECT_EQ(portfolio.at("headline").at("level"), "unknown");
    EXPECT_EQ(portfolio.at("unified"), nullptr);
    EXPECT_NE(portfolio.at("accounts").at(0).at("reason").get<std::string>().find("unmapped_asset"), std::string::npos) << portfolio.dump();
}

TEST_F(Check, reads_at_a_block_number_or_hash) {
    const json before = chain->verb("aave_supply", {{"user", 3}, {"asset", "WETH"}, {"amount", "1"}}).at("block");
    chain->verb("aave_supply", {{"user", 3}, {"asset", "WETH"}, {"amount", "1"}});
    const std::string file = config({.owners = {user(3)}});
    const auto equity = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"check", user(3), "--config", file, "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return json::parse(run_margind(arguments).out).at("portfolios").at(0).at("accounts").at(0).at("equity_usd").get<double>();
    };
    EXPECT_NEAR(equity({}), 6000, 0.01);
    EXPECT_NEAR(equity({"--block", std::to_string(before.at("number").get<std::uint64_t>())}), 3000, 0.01);
    EXPECT_NEAR(equity({"--block", before.at("hash").get<std::string>()}), 3000, 0.01);
}

TEST_F(Check, names_a_wrong_block) {
    const std::string file = config({.owners = {user(0)}});
    expect_one_line(run_margind({"check", user(0), "--config", file, "--block", "latest"}), 2, {"latest"});
    expect_one_line(run_margind({"check", user(0), "--config", file, "--block", "99999999"}), 2, {"99999999"});
}

TEST_F(Check, exits_30_when_the_node_stands_still) {
    // The chain's time is that of its genesis; this configuration says that it mines by the clock.
    std::string text = config_text(*chain, {.owners = {user(0)}});
    const std::string quiet = "quiet_chain = true";
    text.replace(text.find(quiet), quiet.size(), "quiet_chain = false");
    const std::string file = folder_.write("by_the_clock.toml", text);
    const Finished head = run_margind({"check", user(0), "--config", file});
    EXPECT_EQ(head.code, 30);
    EXPECT_NE(head.err.find("behind the clock"), std::string::npos) << head.err;
    EXPECT_NE(head.out.find("headline            OK"), std::string::npos) << head.out;
    // Who asks for an old block knows that it is old.
    EXPECT_EQ(run_margind({"check", user(0), "--config", file, "--block", std::to_string(chain->verb("mine", json::object()).at("block").at("number").get<std::uint64_t>())}).code, 0);
}

TEST_F(Check, takes_the_endpoint_from_a_file) {
    const std::string file = config({.owners = {user(0)}, .rpc_url = "http://127.0.0.1:1"});
    const std::string rpc = folder_.write("rpc", "\n  " + chain->rpc_url() + " \r\nhttp://127.0.0.1:1/SECOND\n");
    EXPECT_EQ(run_margind({"check", user(0), "--config", file, "--rpc-file", rpc}).code, 0);
    EXPECT_EQ(run_margind({"check", user(0), "--config", file, "--rpc", chain->rpc_url()}).code, 0);
    EXPECT_EQ(run_margind({"check", "--rpc", chain->rpc_url(), "--rpc", "http://127.0.0.1:1", user(0), "--config", file}).code, 0);
    expect_one_line(run_margind({"check", user(0), "--rpc-file", folder_.write("empty", "\n")}), 3, {"holds no URL"});
    const Finished twice = run_margind({"check", user(0), "--rpc", "http://a/KEY", "--rpc", "http://b", "--rpc", "http://a/KEY"});
    expect_one_line(twice, 3, {"--rpc", "the endpoints 1 and 3"});
    EXPECT_EQ(twice.err.find("KEY"), std::string::npos) << twice.err;
}

TEST_F(Check, names_a_wrong_address) {
    expect_one_line(run_margind({"check", "0x123"}), 2, {"0x123"});
    // One letter's case changed: the checksum is wrong.
    std::string wrong = user(0);
    const auto letter = std::find_if(wrong.begin() + 2, wrong.end(), [](char c) { return c >= 'a' && c <= 'f'; });
    ASSERT_NE(letter, wrong.end());
    *letter = static_cast<char>(*letter - 'a' + 'A');
    expect_one_line(run_margind({"check", wrong}), 2, {wrong});
    EXPECT_EQ(run_margind({"check"}).code, 2);
    expect_one_line(run_margind({"nonsense"}), 2, {"nonsense"});
    expect_one_line(run_margind({"check", user(0), "--frob"}), 2, {"--frob"});
}

TEST_F(Check, names_what_is_wrong_with_a_configuration) {
    const std::string file = folder_.write("wrong.toml", "[http]\nport = 99999\n");
    expect_one_line(run_margind({"check", user(0), "--config", file}), 3, {"wrong.toml:2", "99999"});
    expect_one_line(run_margind({"config", "check", "--config", file}), 3, {"wrong.toml:2", "99999"});
    expect_one_line(run_margind({"check", user(0), "--config", "/nowhere/at/all.toml"}), 3, {"/nowhere/at/all.toml"});
    expect_one_line(run_margind({"check", user(0)}), 3, {"--rpc"});
}

TEST_F(Check, names_all_that_run_would_stumble_over) {
    const std::string file = folder_.write("stumble.toml", R"(
[market]
file = "stumble.toml"
[[endpoint]]
chain = 1
operator = "mine"
url = "http://127.0.0.1:99999/KEY"
[[sinks.web_hook]]
name = "pager"
url = "http://:1/"
[[venue]]
id = "nosuch:1"
[[venue]]
id = "aave_v3:1"
)");
    const Finished finished = run_margind({"config", "check", "--config", file});
    EXPECT_EQ(finished.code, 3);
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 5) << finished.err;
    for (const char* named : {"chain 1 endpoint of mine", "web-hook 'pager'", "venue nosuch:1", "venue aave_v3:1", "calibration"})
        EXPECT_NE(finished.err.find(named), std::string::npos) << named << " is not in: " << finished.err;
    EXPECT_EQ(finished.err.find("KEY"), std::string::npos) << finished.err;
}

TEST_F(Check, names_the_node_that_is_away) {
    expect_one_line(run_margind({"check", user(0), "--config", config({.owners = {user(0)}}), "--rpc", "http://127.0.0.1:1"}), 4, {"http://127.0.0.1:1"});
}

TEST_F(Check, names_a_wrong_chain) {
    // The node serves 31337; this configuration expects 31338 at it.
    const std::string other = config({.owners = {user(0)}, .chain_id = 31338});
    expect_one_line(run_margind({"check", user(0), "--config", other}), 3, {"31337", "31338"});
    // It logs what each operator fails at; its last line is why it ends.
    Finished run = run_margind({"run", "--config", other});
    const std::size_t last = run.err.rfind("margind: ");
    ASSERT_NE(last, std::string::npos) << run.err;
    EXPECT_TRUE(run.err.starts_with("time=")) << run.err;
    run.err.erase(0, last);
    expect_one_line(run, 3, {"31337", "31338"});
    // Without a configuration the node's chain is none that is built in.
    expect_one_line(run_margind({"check", user(0), "--rpc", chain->rpc_url()}), 3, {"31337"});
}

TEST_F(Check, shows_no_secret_of_an_endpoint) {
    const std::string file = config({.owners = {user(0)}, .rpc_url = "http://127.0.0.1:1/v2/SECRETKEY"});
    const Finished away = run_margind({"check", user(0), "--config", file});
    EXPECT_EQ(away.code, 4);
    EXPECT_EQ(away.err.find("SECRETKEY"), std::string::npos) << away.err;
    const Finished shown = run_margind({"config", "show", "--config", file});
    EXPECT_EQ(shown.code, 0) << shown.err;
    EXPECT_EQ(shown.out.find("SECRETKEY"), std::string::npos) << shown.out;
}

}  // namespace
}  // namespace margind::tests
