// margind doctor on a real chain: what it finds at good, dead, lying, lagging and poor endpoints, at venues and at feeds.
#include "tests/support/daemon_process.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/relay.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace margind::tests {
namespace {

using nlohmann::json;

constexpr const char* nowhere = "http://127.0.0.1:1/KEY-OF-NOBODY";

class Doctor : public ::testing::Test {
protected:
    Finished run(const std::string& config, const std::vector<std::string>& options = {}) const {
        std::vector<std::string> words{"doctor", "--config", folder_.write("doctor.toml", config)};
        words.insert(words.end(), options.begin(), options.end());
        const Finished finished = run_margind(words);
        for (const char* secret : {"KEY-OF-NOBODY", FaultProxy::secret}) {
            EXPECT_EQ(finished.out.find(secret), std::string::npos) << finished.out;
            EXPECT_EQ(finished.err.find(secret), std::string::npos) << finished.err;
        }
        return finished;
    }
    json report(const std::string& config, int code) const {
        const Finished finished = run(config, {"--json"});
        EXPECT_EQ(finished.code, code) << finished.out << finished.err;
        return json::parse(finished.out);
    }
    std::string config(const std::vector<ConfigEndpoint>& endpoints) const {
        return config_text(chain_, {.owners = {chain_.ready().at("accounts").at(0).get<std::string>()}, .endpoints = endpoints});
    }

    static const json& subject(const json& subjects, const std::string& name) {
        for (const json& one : subjects)
            if (one.at("name") == name) return one;
        throw std::runtime_error(name + " is not in " + subjects.dump());
    }
    static json finding(const json& subject, const std::string& check) {
        for (const json& one : subject.at("findings"))
            if (one.at("check") == check) return one;
        throw std::runtime_error(check + " is not in " + subject.dump());
    }
    static std::string verdict(const json& subject, const std::string& check) { return finding(subject, check).at("verdict").get<std::string>(); }
    static bool says(const json& subject, const std::string& check, const std::string& what) {
        return finding(subject, check).at("says").get<std::string>().find(what) != std::string::npos;
    }

    ChainProcess chain_;
    TempFolder folder_;
};

TEST_F(Doctor, finds_nothing_wrong_where_nothing_is) {
    const json found = report(config({}), 0);
    EXPECT_EQ(found.at("verdict"), "good");
    const json& endpoint = found.at("endpoints").at(0);
    EXPECT_EQ(endpoint.at("where"), chain_.rpc_url());
    EXPECT_EQ(endpoint.at("chain"), 31337);
    EXPECT_EQ(finding(endpoint, "chain_id").at("value"), 31337);
    EXPECT_EQ(finding(endpoint, "client").at("value"), chain_.rpc("web3_clientVersion"));
    EXPECT_EQ(finding(endpoint, "head").at("value"), chain_.head().number);
    EXPECT_EQ(finding(endpoint, "eip_1898").at("value"), true);
    // Anvil's slots in an epoch: 32.
    EXPECT_EQ(finding(endpoint, "safe").at("value"), chain_.head().number - 32);
    EXPECT_EQ(finding(endpoint, "finalized").at("value"), chain_.head().number - 64);
    EXPECT_EQ(finding(endpoint, "archive").at("value"), chain_.head().number);
    EXPECT_EQ(finding(endpoint, "multicall3").at("value"), true);
    EXPECT_EQ(finding(endpoint, "batch").at("value"), 1000);
    EXPECT_GE(finding(endpoint, "call_bytes").at("value").get<int>(), 262'144);
    EXPECT_GT(finding(endpoint, "log_blocks").at("value").get<int>(), 0);
    EXPECT_LE(finding(endpoint, "p50_us").at("value").get<std::int64_t>(), finding(endpoint, "p95_us").at("value").get<std::int64_t>());
    EXPECT_EQ(found.at("venues").size(), 2U);
    EXPECT_EQ(finding(subject(found.at("venues"), "aave_v3:31337"), "carried_forward").at("value"), true);
    EXPECT_EQ(finding(subject(found.at("venues"), "perp_v2:31337"), "carried_forward").at("value"), false);
    EXPECT_EQ(found.at("feeds").size(), 4U);
    EXPECT_EQ(finding(found.at("feeds").at(0), "decimals").at("value"), 8);
    const Finished text = run(config({}));
    EXPECT_EQ(text.code, 0);
    for (const char* part : {"local (http://127.0.0.1:", "chain 31337: good", "finalized block", "state of every block", "good: 1 of 1 endpoints good"})
        EXPECT_NE(text.out.find(part), std::string::npos) << part << " is not in:\n" << text.out;
}

TEST_F(Doctor, judges_each_by_itself_and_never_fails_as_a_whole) {
    std::string text = config({{"good", chain_.rpc_url()}, {"dead", nowhere}});
    text += "[[endpoint]]\nchain = 1\noperator = \"wrong\"\nurl = \"" + chain_.rpc_url() + "\"\n";
    text += "[[venue]]\nid = \"aave_v3:31337/nowhere\"\naddresses = { addresses_provider = \"0x00000000000000000000000000000000000dead1\" }\n";
    const std::string mock = "v0.8/tests/MockV3Aggregator.sol";
    text.replace(text.find(mock), mock.size(), "BTC / USD");
    const json found = report(text, 30);
    EXPECT_EQ(found.at("verdict"), "unusable");
    EXPECT_EQ(subject(found.at("endpoints"), "good").at("verdict"), "good");
    const json& dead = subject(found.at("endpoints"), "dead");
    EXPECT_EQ(verdict(dead, "chain_id"), "unusable");
    EXPECT_TRUE(says(dead, "chain_id", "Connection refused")) << dead;
    const json& wrong = subject(found.at("endpoints"), "wrong");
    EXPECT_EQ(verdict(wrong, "chain_id"), "unusable");
    EXPECT_TRUE(says(wrong, "chain_id", "serves chain 31337, the configuration says chain 1")) << wrong;
    EXPECT_EQ(subject(found.at("venues"), "aave_v3:31337").at("verdict"), "good");
    const json& no_venue = subject(found.at("venues"), "aave_v3:31337/nowhere");
    EXPECT_TRUE(says(no_venue, "configuration", "holds no contract")) << no_venue;
    const json& feed = subject(found.at("feeds"), "BTC");
    EXPECT_TRUE(says(feed, "description", "describes itself as \"" + mock + "\", not \"BTC / USD\"")) << feed;
    EXPECT_EQ(verdict(feed, "age_s"), "good");
    EXPECT_EQ(subject(found.at("feeds"), "ETH").at("verdict"), "good");
    const Finished lines = run(text);
    EXPECT_EQ(lines.code, 30);
    EXPECT_NE(lines.out.find("unusable: 1 of 3 endpoints good, 0 with warnings, 2 unusable"), std::string::npos) << lines.out;
}

TEST_F(Doctor, names_the_one_whose_word_differs_from_most) {
    FaultProxy honest(chain_.rpc_url());
    FaultProxy liar(chain_.rpc_url(), FaultPlan{.words = forged_prices(9, 10)});
    const std::string three = config({{"a", chain_.rpc_url()}, {"b", honest.url()}, {"liar", liar.url()}});
    const json forged = report(three, 30);
    for (const char* good : {"a", "b"}) EXPECT_EQ(subject(forged.at("endpoints"), good).at("verdict"), "good") << forged;
    const json& lying = subject(forged.at("endpoints"), "liar");
    EXPECT_EQ(verdict(lying, "agreement"), "good");
    EXPECT_TRUE(says(lying, "facts_of_aave_v3:31337", "than most: reserve.000.price")) << lying;

    liar.set(FaultPlan{.forked_from = chain_.head().number - 3});
    const json forked = report(three, 30);
    for (const char* good : {"a", "b"}) EXPECT_EQ(verdict(subject(forked.at("endpoints"), good), "agreement"), "good") << forked;
    EXPECT_TRUE(says(subject(forked.at("endpoints"), "liar"), "agreement", "another block")) << forked;

    // Two endpoints of one operator are one voice: nobody is in the majority.
    const json divided = report(config({{"b", chain_.rpc_url()}, {"b", honest.url()}, {"liar", liar.url()}}), 30);
    for (const json& endpoint : divided.at("endpoints")) EXPECT_TRUE(says(endpoint, "agreement", "no two agree")) << endpoint;
}

TEST_F(Doctor, warns_of_one_that_lags) {
    FaultProxy late(chain_.rpc_url(), FaultPlan{.lag = 30});
    const json found = report(config({{"a", chain_.rpc_url()}, {"late", late.url()}}), 10);
    EXPECT_EQ(subject(found.at("endpoints"), "a").at("verdict"), "good");
    const json& lagging = subject(found.at("endpoints"), "late");
    EXPECT_EQ(verdict(lagging, "lag"), "warning");
    EXPECT_EQ(finding(lagging, "lag").at("value"), 30);
    EXPECT_EQ(verdict(lagging, "agreement"), "warning");
}

TEST_F(Doctor, ends_soon_at_one_that_stops_answering) {
    FaultProxy silent(chain_.rpc_url(), FaultPlan{.disruption = Disruption::stall, .methods = {"eth_getBalance", "eth_getLogs"}});
    const auto start = std::chrono::steady_clock::now();
    const json found = report(config({{"a", chain_.rpc_url()}, {"silent", silent.url()}}), 10);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    EXPECT_EQ(subject(found.at("endpoints"), "a").at("verdict"), "good");
    const json& endpoint = subject(found.at("endpoints"), "silent");
    for (const char* check : {"eip_1898", "archive", "log_blocks"}) EXPECT_EQ(verdict(endpoint, check), "warning") << check;
    EXPECT_TRUE(finding(endpoint, "archive").at("value").is_null()) << endpoint;
    EXPECT_EQ(verdict(endpoint, "agreement"), "good");
}

TEST_F(Doctor, says_what_a_poor_endpoint_cannot_do) {
    const std::uint64_t head = chain_.head().number;
    constexpr std::uint64_t kept = 11;
    const auto refusal = [](const json& id, const char* why) {
        json reply = json::object();
        reply["jsonrpc"] = "2.0";
        reply["id"] = id;
        reply["error"] = {{"code", -32000}, {"message", why}};
        return std::pair(200, reply.dump());
    };
    Relay::Hooks hooks;
    // Prunes state, answers for any block hash, and takes batches of 10 alone.
    hooks.answer = [&](const std::string& body) -> std::optional<std::pair<int, std::string>> {
        const json request = json::parse(body);
        if (request.is_array()) {
            if (request.size() <= 10) return std::nullopt;
            return refusal(nullptr, "batch too large");
        }
        if (request.at("method") != "eth_getBalance") return std::nullopt;
        const json& block = request.at("params").at(1);
        if (block.is_object()) {
            json reply = json::object();
            reply["jsonrpc"] = "2.0";
            reply["id"] = request.at("id");
            reply["result"] = "0x0";
            return std::pair(200, reply.dump());
        }
        if (std::stoull(block.get<std::string>(), nullptr, 16) >= head - kept) return std::nullopt;
        return refusal(request.at("id"), "missing trie node");
    };
    Relay poor(chain_.rpc_url(), hooks);
    const json found = report(config({{"poor", poor.url()}}), 10);
    const json& endpoint = found.at("endpoints").at(0);
    EXPECT_EQ(verdict(endpoint, "eip_1898"), "warning");
    EXPECT_TRUE(says(endpoint, "eip_1898", "does not exist")) << endpoint;
    EXPECT_EQ(finding(endpoint, "archive").at("value"), kept);
    EXPECT_EQ(verdict(endpoint, "archive"), "warning");
    EXPECT_EQ(finding(endpoint, "batch").at("value"), 10);
}

TEST(DoctorOverSockets, sees_heads_pushed_over_a_websocket_and_over_ipc_and_says_where_they_are_not) {
    const TempFolder folder;
    const std::string socket = folder.path() / "node.ipc";
    const ChainProcess chain({"--head", "now", "--block-time", "1", "--ipc", socket});
    const std::string web = "ws://" + chain.rpc_url().substr(std::string("http://").size());
    const FaultProxy mute(chain.rpc_url(), FaultPlan{.disruption = Disruption::limit_exceeded, .methods = {"eth_subscribe"}});
    std::string text = config_text(chain, {.owners = {chain.ready().at("accounts").at(0).get<std::string>()},
                                           .endpoints = {{"a", web}, {"b", "ipc:" + socket}, {"c", chain.rpc_url()}, {"d", mute.ws_url()}}});
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"quiet_chain = true", "quiet_chain = false"}, {"block_time_s = 12", "block_time_s = 3"}})
        text.replace(text.find(from), from.size(), to);
    const Finished finished = run_margind({"doctor", "--config", folder.write("doctor.toml", text), "--json"});
    EXPECT_EQ(finished.code, 10) << finished.out << finished.err;
    struct Expected {
        const char* name;
        const char* where;
        bool pushes;
        const char* verdict;
    };
    const std::vector<Expected> expected{{"a", "ws://", true, "good"}, {"b", "ipc:node.ipc", true, "good"}, {"c", "http://", false, "good"}, {"d", "ws://", false, "warning"}};
    const json found = json::parse(finished.out);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const json& endpoint = found.at("endpoints").at(i);
        EXPECT_EQ(endpoint.at("name"), expected[i].name);
        EXPECT_EQ(endpoint.at("verdict"), expected[i].verdict) << endpoint;
        EXPECT_EQ(endpoint.at("where").get<std::string>().rfind(expected[i].where, 0), 0U) << endpoint;
        const json& findings = endpoint.at("findings");
        const auto pushes = std::find_if(findings.begin(), findings.end(), [](const json& one) { return one.at("check") == "new_heads"; });
        ASSERT_NE(pushes, findings.end()) << endpoint;
        EXPECT_EQ(pushes->at("value"), expected[i].pushes) << endpoint;
        EXPECT_EQ(pushes->at("verdict"), expected[i].verdict) << endpoint;
    }
}

TEST_F(Doctor, keeps_to_the_budget) {
    FaultProxy metered(chain_.rpc_url());
    const json found = report(config({{"metered", metered.url(), 20.0}}), 0);
    const json& endpoint = found.at("endpoints").at(0);
    EXPECT_EQ(finding(endpoint, "batch").at("value"), 10);
    EXPECT_TRUE(says(endpoint, "batch", "100 not tried, as the budget allows no such number in a second")) << endpoint;
    EXPECT_LE(metered.record().max_in_any_second(), 20U);
    EXPECT_GT(metered.record().max_in_any_second(), 5U);
}

TEST_F(Doctor, holds_feeds_and_heads_against_time) {
    std::string text = config({});
    chain_.verb("warp", {{"seconds", 200'000}});
    const json stale = report(text, 10);
    EXPECT_EQ(verdict(subject(stale.at("feeds"), "ETH"), "age_s"), "warning");
    EXPECT_TRUE(says(subject(stale.at("feeds"), "ETH"), "age_s", "stale")) << stale;
    // The chain stands at the beginning of 2026; one that mines by the clock would be dead.
    const std::string quiet = "quiet_chain = true";
    text.replace(text.find(quiet), quiet.size(), "quiet_chain = false");
    const json dead = report(text, 30);
    EXPECT_EQ(verdict(dead.at("endpoints").at(0), "head"), "unusable");
}

TEST_F(Doctor, has_an_exit_code_where_no_endpoint_answers) {
    const Finished finished = run(config({{"dead", nowhere}}));
    EXPECT_EQ(finished.code, 4);
    EXPECT_NE(finished.out.find("does not answer: Connection refused"), std::string::npos) << finished.out;
    EXPECT_EQ(run_margind({"doctor", "--rpc", chain_.rpc_url()}).code, 30);
    EXPECT_EQ(run_margind({"doctor"}).code, 3);
    EXPECT_EQ(run_margind({"doctor", "0x"}).code, 2);
    EXPECT_EQ(run(config({{"dead", nowhere}}), {"--rpc", chain_.rpc_url()}).code, 0);
}

}  // namespace
}  // namespace margind::tests
