// One portfolio on three chains (1, 42161, 999), through the real daemon: one report with one block of each, and what is told of the others
// when one of them dies or stands still. Aave is the real one, GMX and HyperCore are doubles.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <thread>

namespace margind::tests {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::uint64_t ids[] = {1, 42161, 999};

std::string text_of(const std::string& file) {
    std::ifstream stream(std::string(MARGIND_SOURCE_DIR) + "/" + file);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
}

/// What is built in for these chains and not on the local ones: venues, feeds, and tokens that grow.
std::string without_built_in(const std::string& config) {
    std::string text;
    const auto each = [&](const std::string& in, const char* pattern, auto take) {
        const std::regex regex(pattern);
        for (std::sregex_iterator match(in.begin(), in.end(), regex), end; match != end; ++match) take(*match);
    };
    each(text_of("config/venues.toml"), "id = \"([a-z0-9_]+:(1|42161|999)(/[^\"]*)?)\"", [&](const std::smatch& match) {
        if (config.find("id = \"" + match[1].str() + "\"") == std::string::npos) text += fmt::format("[[venue]]\nid = \"{}\"\nenabled = false\n", match[1].str());
    });
    each(text_of("config/feeds.toml"), "chain = (1|42161|999), asset = \"([^\"]+)\", address = \"(0x[0-9a-fA-F]+)\"", [&](const std::smatch& match) {
        text += fmt::format("[[feed]]\nchain = {}\nasset = \"{}\"\naddress = \"{}\"\nenabled = false\n", match[1].str(), match[2].str(), match[3].str());
    });
    each(text_of("config/assets.toml"), "chain = (1|42161|999), token = \"(0x[0-9a-fA-F]+)\"[^}]*ratio = ", [&](const std::smatch& match) {
        text += fmt::format("[[asset]]\nchain = {}\ntoken = \"{}\"\nunderlying = \"none\"\nlabel = \"none\"\n", match[1].str(), match[2].str());
    });
    return text;
}

class ThreeChains : public testing::Test {
protected:
    ThreeChains() {
        ethereum_.verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "10"}});
        ethereum_.verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "12000"}});
        // 100,000 USD of ETH at 3,000 behind 20,000 USDC.
        const json& gmx = arbitrum_.ready().at("addresses").at("gmx_v2");
        const std::string usdc = arbitrum_.address("/tokens/USDC/address").to_string();
        const json open = {owner(), gmx.at("markets").at("ETH"), usdc, true, "1" + std::string(35, '0'), "20000000000", "3" + std::string(15, '0')};
        arbitrum_.verb("gmx_send", {{"calls", json::array({{{"contract", "store"}, {"method", "open"}, {"args", open}}})}});
        // 20 ETH at 3,000 with 20,000 of cash.
        hyperevm_.verb("hyperliquid_send", {{"calls", json::array({{{"method", "setCash"}, {"args", {0, owner(), "20000000000"}}},
                                                                   {{"method", "trade"}, {"args", {owner(), 1, 200'000, 5}}}})}});
    }

    std::string owner() const { return ethereum_.ready().at("accounts").at(0).get<std::string>(); }
    const ChainProcess& chain(std::uint64_t id) const { return id == 1 ? ethereum_ : id == 999 ? hyperevm_ : arbitrum_; }

    /// Chain 42161 is quiet or not.
    std::string config(bool quiet = true) const {
        std::string text = config_text(ethereum_, {.owners = {owner()}, .wallets = {owner()}, .chain_id = 1, .storage = false, .perp = false});
        text += chain_text(arbitrum_, {.chain_id = 42161, .quiet = quiet, .block_time_s = 1, .aave = false, .perp = false}) + gmx_v2_text(arbitrum_, 42161);
        text += chain_text(hyperevm_, {.chain_id = 999, .aave = false, .perp = false}) + hyperliquid_text(hyperevm_, 999);
        const std::string place = "quiet_chain = ";
        for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place, at + 30)) text.insert(at, "stale_after_s = 2\n");
        // Arbitrum's own; on this chain it says up since the set-up.
        text.insert(text.find("stale_after_s", text.find("id = 42161\n")),
                    fmt::format("sequencer_feed = \"{}\"\nsequencer_grace_s = 1\n", arbitrum_.address("/oracles/sequencer_uptime").to_string()));
        return text + without_built_in(text);
    }

    static std::string level(const Answer& answer) { return answer.body.at("headline").at("level").get<std::string>(); }
    static bool is_ok(const Answer& answer) { return answer.status == 200 && level(answer) == "ok" && answer.body.at("as_of").size() == 3; }
    static json of_chain(const json& rows, std::uint64_t id) {
        for (const json& row : rows)
            if (row.at("chain_id") == id) return row;
        return nullptr;
    }
    /// Of the account of that chain; each has one.
    static json account(const json& accounts, std::uint64_t id) {
        for (const json& one : accounts)
            if (one.at("key").get<std::string>().find(":" + std::to_string(id) + ":") != std::string::npos) return one;
        return nullptr;
    }

    ChainProcess ethereum_{{"--chain-id", "1", "--head", "now"}};
    ChainProcess arbitrum_{{"--chain-id", "42161", "--head", "now", "--with", "gmx_v2,oracles"}};
    ChainProcess hyperevm_{{"--chain-id", "999", "--head", "now", "--with", "hyperliquid"}};
    TempFolder folder_;
};

TEST_F(ThreeChains, make_one_report_with_a_block_of_each_and_their_skew) {
    const std::int64_t latest = std::max({ethereum_.head().time, arbitrum_.head().time, hyperevm_.head().time}) + 60;
    const std::map<std::uint64_t, std::int64_t> skew{{1, 0}, {42161, 7}, {999, 30}};
    for (const std::uint64_t id : ids) chain(id).verb("mine", {{"at", latest - skew.at(id)}});
    const std::string file = folder_.write("three.toml", config());

    const Finished run = run_margind({"check", owner(), "--config", file, "--json"});
    const json report = json::parse(run.out);
    EXPECT_EQ(run.code, 0) << run.err << report.at("portfolios").at(0).at("headline").dump(1) << report.at("troubles").dump(1);
    EXPECT_EQ(report.at("time"), latest);
    ASSERT_EQ(report.at("blocks").size(), 3U);
    const Finished shown = run_margind({"check", owner(), "--config", file});
    for (const std::uint64_t id : ids) {
        const std::string hash = chain(id).head().hash.to_string();
        EXPECT_NE(report.at("blocks").dump().find(hash), std::string::npos) << id;
        const std::string line = shown.out.substr(shown.out.find(fmt::format("chain {} block", id)));
        EXPECT_NE(line.find(hash), std::string::npos) << id;
        const std::string behind = fmt::format(", {} s before the latest\n", skew.at(id));
        EXPECT_EQ(line.substr(0, line.find('\n') + 1).ends_with(behind), id != 1) << line.substr(0, 200);
    }

    DaemonProcess daemon(folder_, config());
    const Answer good = daemon.await("/v1/portfolios/desk", is_ok);
    for (const std::uint64_t id : ids) {
        const json row = of_chain(good.body.at("as_of"), id);
        EXPECT_EQ(row.at("skew_s"), skew.at(id));
        EXPECT_EQ(row.at("hash"), chain(id).head().hash.to_string());
    }
    EXPECT_TRUE(good.body.at("unified").is_object()) << good.body.at("unified_reason");
    // 10 WETH less 12,000 (and interest); 20,000 of GMX; 20,000 of HyperCore.
    EXPECT_NEAR(good.body.at("unified").at("equity_usd").get<double>(), 18'000 + 20'000 + 20'000, 60);
    const json accounts = daemon.get("/v1/portfolios/desk/accounts").body.at("accounts");
    ASSERT_EQ(accounts.size(), 3U);
    for (const std::uint64_t id : ids) EXPECT_EQ(account(accounts, id).at("grade").at("kind"), "verified") << account(accounts, id).dump(1);
    EXPECT_EQ(account(accounts, 999).at("grade").at("qualifiers").at("unpinned"), true);
    EXPECT_EQ(account(accounts, 1).at("grade").at("qualifiers").at("unpinned"), false);
    // Rows of the asset table that no contract stands for, HyperCore's perps and GMX's indices, make no wallet unknown.
    ASSERT_TRUE(good.body.at("wallets_usd").is_number()) << good.body.at("wallets").dump(1);
    EXPECT_NEAR(good.body.at("wallets_usd").get<double>(), 12'000, 0.01) << "what was borrowed";
    // The whole report without any chain.
    const std::string evaluation = folder_.write("evaluation.json", daemon.get("/v1/portfolios/desk/snapshot").text);
    const json again = json::parse(run_margind({"evaluate", evaluation, "--json"}).out).at("report");
    EXPECT_EQ(again.at("snapshot_hash"), good.body.at("snapshot_hash"));
    EXPECT_EQ(again.at("blocks").size(), 3U);
    EXPECT_EQ(account(again.at("portfolios").at(0).at("accounts"), 42161).at("standing"), account(accounts, 42161).at("standing"));
}

TEST_F(ThreeChains, tell_of_one_that_dies_while_the_others_go_on) {
    DaemonProcess daemon(folder_, config());
    const Answer good = daemon.await("/v1/portfolios/desk", is_ok);
    hyperevm_.verb("node_down");
    const Answer dead = daemon.await("/v1/portfolios/desk", [](const Answer& answer) { return level(answer) == "unknown"; });
    EXPECT_TRUE(dead.body.at("headline").at("reason").get<std::string>().starts_with("stale: ")) << dead.body.at("headline");
    EXPECT_NE(dead.body.at("headline").at("binding").get<std::string>().find("hyperliquid:999"), std::string::npos);
    EXPECT_EQ(of_chain(dead.body.at("as_of"), 999).at("troubles").at(0).at("kind"), "stale");
    EXPECT_TRUE(of_chain(dead.body.at("as_of"), 1).at("troubles").empty());
    EXPECT_TRUE(of_chain(dead.body.at("as_of"), 42161).at("troubles").empty());
    EXPECT_EQ(daemon.get("/readyz").status, 503);
    // The others go on, and a worse level of theirs is the headline's.
    ethereum_.verb("set_price", {{"asset", "ETH"}, {"price", "1460"}});
    const Answer worse = daemon.await("/v1/portfolios/desk", [](const Answer& answer) { return level(answer) == "critical" || level(answer) == "liquidatable"; });
    EXPECT_NE(worse.body.at("headline").at("binding").get<std::string>().find("aave_v3:1"), std::string::npos) << worse.body.at("headline");
    const json accounts = daemon.get("/v1/portfolios/desk/accounts").body.at("accounts");
    EXPECT_EQ(account(accounts, 999).at("grade").at("qualifiers").at("stale"), true);
    EXPECT_EQ(account(accounts, 1).at("grade").at("qualifiers").at("stale"), false) << account(accounts, 1).at("grade") << worse.body.at("as_of");
    EXPECT_EQ(of_chain(worse.body.at("as_of"), 999).at("hash"), of_chain(good.body.at("as_of"), 999).at("hash"));
    EXPECT_GT(of_chain(worse.body.at("as_of"), 1).at("number"), of_chain(good.body.at("as_of"), 1).at("number"));
    // A check of its own cannot read that chain either, and says so.
    const Finished run = run_margind({"check", owner(), "--config", folder_.write("three.toml", config())});
    EXPECT_NE(run.code, 0);
    EXPECT_NE(run.out.find("no head of chain 999 is accepted"), std::string::npos) << run.out << run.err;
    EXPECT_NE(run.out.find("chain 1 block"), std::string::npos) << run.out;
    hyperevm_.verb("node_up");
    ethereum_.verb("set_price", {{"asset", "ETH"}, {"price", "3000"}});
    const Answer over = daemon.await("/v1/portfolios/desk", [](const Answer& answer) { return of_chain(answer.body.at("as_of"), 999).at("troubles").empty(); });
    EXPECT_NE(level(over), "unknown") << over.body.at("headline");
}

TEST_F(ThreeChains, tell_of_one_that_stands_still) {
    std::jthread miner([&](const std::stop_token& stop) {
        for (; !stop.stop_requested(); std::this_thread::sleep_for(milliseconds(300))) arbitrum_.verb("mine");
    });
    DaemonProcess daemon(folder_, config(false));
    daemon.await("/v1/portfolios/desk", is_ok);
    miner.request_stop();
    miner.join();
    // Four block times of a second.
    const Answer still = daemon.await("/v1/portfolios/desk", [](const Answer& answer) { return level(answer) == "unknown"; });
    const std::string reason = still.body.at("headline").at("reason");
    EXPECT_TRUE(reason.starts_with("stale: ")) << reason;
    EXPECT_NE(still.body.at("headline").at("binding").get<std::string>().find("gmx_v2:42161"), std::string::npos);
    EXPECT_TRUE(of_chain(still.body.at("as_of"), 999).at("troubles").empty()) << "the quiet ones mine on demand";
    arbitrum_.verb("mine");
    daemon.await("/v1/portfolios/desk", is_ok);
}

}  // namespace
}  // namespace margind::tests
