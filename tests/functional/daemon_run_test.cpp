// margind run on a real chain: incidents, reorganisations, nodes that go away, views that revert, kill -9.
#include "tests/support/daemon_process.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <atomic>
#include <cmath>
#include <netinet/in.h>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace margind::tests {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class Run : public ::testing::Test {
protected:
    // 20 WETH and 1 WBTC against 40,000 USDC on Aave; 20 ETH short on Perp.
    void open_the_hedged_book() {
        verb("aave_supply", {{"user", 0}, {"asset", "WETH"}, {"amount", "20"}});
        verb("aave_supply", {{"user", 0}, {"asset", "WBTC"}, {"amount", "1"}});
        verb("aave_borrow", {{"user", 0}, {"asset", "USDC"}, {"amount", "40000"}});
        verb("perp_deposit", {{"user", 0}, {"asset", "USDC"}, {"amount", "20000"}});
        verb("perp_open", {{"user", 0}, {"market", "ETH"}, {"side", "short"}, {"base", "20"}});
    }
    json verb(const std::string& name, const json& arguments) { return chain_.verb(name, arguments).at("block"); }
    std::string user(std::size_t index) const { return chain_.ready().at("accounts").at(index).get<std::string>(); }
    std::string config(std::optional<std::string> web_hook = std::nullopt) const { return config_text(chain_, {.owners = {user(0)}, .web_hook = web_hook}); }

    static std::string level(const Answer& answer) { return answer.body.at("headline").at("level").get<std::string>(); }
    static bool has_event(const Answer& answer, const std::string& type) {
        for (const json& event : answer.body.at("events"))
            if (event.at("type") == type) return true;
        return false;
    }
    static json event_of(const Answer& answer, const std::string& type) {
        for (const json& event : answer.body.at("events"))
            if (event.at("type") == type) return event;
        return nullptr;
    }
    /// Without what is added for readers, and what depends on the clock.
    static json bare(json accounts) {
        for (json& account : accounts) {
            account.erase("remembered");
            for (json& candidate : account.at("candidates")) {
                candidate.erase("price_text");
                candidate.erase("liquidation_price_text");
            }
            for (const char* list : {"actions", "incident_actions"})
                for (json& action : account.at(list)) action.erase("amount_text");
        }
        return accounts;
    }

    ChainProcess chain_;
    TempFolder folder_;
};

TEST_F(Run, opens_an_incident_that_reaches_the_web_hook_and_is_retracted_by_a_reorganisation) {
    open_the_hedged_book();
    WebHookReceiver hook(2);
    DaemonProcess daemon(folder_, config(hook.url()));
    const Answer calm = daemon.await("/v1/portfolios/desk", [](const Answer& a) { return a.status == 200 && level(a) == "ok"; });
    const json calm_accounts = bare(daemon.get("/v1/portfolios/desk/accounts").body.at("accounts"));

    // What the venues' integer rules make of the binding scenarios beyond the positions in doubles bounds what ES can be off by.
    const json shares = daemon.get("/v1/portfolios/desk/attribution").body.at("attribution");
    double beyond = 0;
    double sum = 0;
    for (const json& line : shares.at("positions")) {
        sum += line.at("shares").at("grid_usd").get<double>();
        if (line.at("label") == "rule") beyond += std::abs(line.at("shares").at("grid_usd").get<double>());
    }
    const double grid = shares.at("total").at("grid_usd");
    EXPECT_DOUBLE_EQ(sum, grid);
    EXPECT_LE(beyond, 1e-6 * grid) << "of " << grid;
    RecordProperty("beyond_positions_usd", std::to_string(beyond));

    const std::uint64_t before = chain_.head().number;
    verb("move_market", {{"asset", "ETH"}, {"price", "3600"}, {"warp", 1860}});
    daemon.await_block(verb("move_market", {{"asset", "ETH"}, {"price", "3750"}, {"warp", 1860}}));
    const Answer near = daemon.get("/v1/portfolios/desk");
    EXPECT_EQ(level(near), "critical");
    EXPECT_EQ(near.body.at("first_liquidation").at("venue"), "perp_v2:31337");
    // The hedged book as a whole hardly moved.
    const double equity_before = calm.body.at("unified").at("equity_usd");
    EXPECT_NEAR(near.body.at("unified").at("equity_usd").get<double>(), equity_before, 0.005 * equity_before);

    const Answer events = daemon.await("/v1/incidents", [](const Answer& a) { return has_event(a, "opened"); });
    const json opened = event_of(events, "opened");
    EXPECT_EQ(opened.at("version"), 1);
    EXPECT_EQ(opened.at("sequence"), 1);
    EXPECT_EQ(opened.at("account_key"), "perp_v2:31337:" + user(0));
    EXPECT_FALSE(opened.at("actions").empty());
    for (const char* field : {"id", "type", "portfolio", "blocks", "finality", "expires_at_block", "venue", "grade", "operators_agreeing", "level", "from",
                              "reason", "z", "room", "h", "p_liq", "price_source", "liquidatable", "close_factor", "penalty_bps", "loss_if_liquidated"})
        EXPECT_TRUE(opened.contains(field)) << field;
    const std::string id = opened.at("id");
    const auto delivered = hook.await([&](const auto& delivery) { return delivery.body.at("id") == id && delivery.body.at("type") == "opened"; });
    EXPECT_EQ(delivered.key, id + "-1");
    // The two refusals were answered with 500 and sent again under the same key.
    int refused = 0;
    for (const auto& delivery : hook.deliveries())
        if (delivery.answered == 500) ++refused;
    EXPECT_EQ(refused, 2);

    const std::uint64_t depth = chain_.head().number - before;
    daemon.await_block(verb("reorg", {{"depth", depth}}));
    const Answer after = daemon.get("/v1/portfolios/desk");
    EXPECT_EQ(level(after), "ok");
    const json accounts = bare(daemon.get("/v1/portfolios/desk/accounts").body.at("accounts"));
    ASSERT_EQ(accounts.size(), calm_accounts.size());
    // Blocks without transactions took the place of the others: the mark's averages moved by a few ticks.
    for (std::size_t i = 0; i < accounts.size(); ++i)
        EXPECT_NEAR(accounts[i].at("equity_usd").get<double>(), calm_accounts[i].at("equity_usd").get<double>(), 20) << accounts[i].at("key");
    const Answer retracted = daemon.await("/v1/incidents", [](const Answer& a) { return has_event(a, "retracted"); });
    EXPECT_EQ(event_of(retracted, "retracted").at("id"), id);
    EXPECT_TRUE(retracted.body.at("open").empty());
    hook.await([&](const auto& delivery) { return delivery.body.at("id") == id && delivery.body.at("type") == "retracted"; });
    // The cursor: nothing is told twice, numbers rise.
    const std::uint64_t last = retracted.body.at("next_after");
    EXPECT_TRUE(daemon.get("/v1/incidents?after=" + std::to_string(last)).body.at("events").empty());
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(Run, turns_red_within_ten_seconds_of_the_nodes_death_and_green_by_itself) {
    open_the_hedged_book();
    DaemonProcess daemon(folder_, config());
    const auto is = [](int status) { return [status](const Answer& answer) { return answer.status == status; }; };
    daemon.await("/readyz", is(200));
    const Answer state = daemon.get("/v1/portfolios/desk");
    chain_.verb("node_down");
    const auto down = std::chrono::steady_clock::now();
    const Answer red = daemon.await("/readyz", is(503), seconds(15));
    EXPECT_LT(std::chrono::steady_clock::now() - down, seconds(10));
    EXPECT_FALSE(red.body.at("reasons").empty());
    // The last state is still served, with its age.
    const Answer still = daemon.get("/v1/portfolios/desk");
    EXPECT_EQ(still.body.at("headline"), state.body.at("headline"));
    EXPECT_EQ(still.body.at("as_of").at(0).at("hash"), state.body.at("as_of").at(0).at("hash"));
    EXPECT_GE(still.body.at("as_of").at(0).at("confirmed_age_s").get<double>(), 7);
    EXPECT_TRUE(still.body.at("as_of").at(0).at("error").is_string());
    chain_.verb("node_up");
    daemon.await("/readyz", is(200), seconds(15));
    daemon.await_block(verb("mine", {{"blocks", 1}}));
}

TEST_F(Run, turns_red_when_the_node_hangs) {
    DaemonProcess daemon(folder_, config());
    const auto is = [](int status) { return [status](const Answer& answer) { return answer.status == status; }; };
    daemon.await("/readyz", is(200));
    chain_.verb("node_down", {{"hang", true}});
    const auto down = std::chrono::steady_clock::now();
    daemon.await("/readyz", is(503), seconds(15));
    EXPECT_LT(std::chrono::steady_clock::now() - down, seconds(10));
    chain_.verb("node_up");
    daemon.await("/readyz", is(200), seconds(20));
}

TEST_F(Run, says_unknown_where_a_view_reverts_and_keeps_the_rest) {
    open_the_hedged_book();
    DaemonProcess daemon(folder_, config());
    const Answer good = daemon.await("/v1/portfolios/desk", [](const Answer& a) { return a.status == 200 && !a.body.at("unified").is_null(); });
    // An answer of 0 makes Aave's view revert for who holds the asset.
    daemon.await_block(verb("set_price", {{"asset", "BTC"}, {"answer", "0"}, {"keeper", false}}));
    const Answer bad = daemon.get("/v1/portfolios/desk");
    EXPECT_EQ(level(bad), "unknown");
    EXPECT_NE(bad.body.at("headline").at("reason").get<std::string>(), "");
    EXPECT_TRUE(bad.body.at("unified").is_null());
    EXPECT_TRUE(bad.body.at("unified_reason").is_string());
    EXPECT_EQ(bad.body.at("last_unified").at("unified").at("equity_usd"), good.body.at("unified").at("equity_usd"));
    EXPECT_TRUE(bad.body.at("last_unified").at("age_s").is_number());
    EXPECT_TRUE(bad.body.at("partial").get<bool>());
    const Answer accounts = daemon.get("/v1/portfolios/desk/accounts");
    std::set<std::string> unknown;
    std::set<std::string> known;
    for (const json& account : accounts.body.at("accounts")) {
        const bool is_unknown = account.at("grade").at("kind") == "unknown";
        (is_unknown ? unknown : known).insert(account.at("key").get<std::string>());
        EXPECT_EQ(is_unknown, !account.at("grade").at("reason").get<std::string>().empty());
    }
    EXPECT_EQ(unknown, std::set<std::string>{"aave_v3:31337:" + user(0)});
    EXPECT_EQ(known, std::set<std::string>{"perp_v2:31337:" + user(0)});
    daemon.await_block(verb("set_price", {{"asset", "BTC"}, {"price", "60000"}}));
    EXPECT_FALSE(daemon.get("/v1/portfolios/desk").body.at("unified").is_null());
}

TEST_F(Run, gives_a_file_from_which_evaluate_reproduces_the_report) {
    open_the_hedged_book();
    DaemonProcess daemon(folder_, config());
    daemon.await_block(verb("move_market", {{"asset", "ETH"}, {"price", "3600"}, {"warp", 1860}}));
    const Answer served = daemon.get("/v1/portfolios/desk");
    const Answer accounts = daemon.get("/v1/portfolios/desk/accounts");
    const std::string file = folder_.write("evaluation.json", daemon.get("/v1/portfolios/desk/snapshot").text);
    const Finished again = run_margind({"evaluate", file, "--json"});
    EXPECT_EQ(again.code, 10) << again.err;
    const json result = json::parse(again.out);
    const json report = result.at("report").at("portfolios").at(0);
    EXPECT_EQ(result.at("report").at("snapshot_hash"), served.body.at("snapshot_hash"));
    EXPECT_EQ(result.at("report").at("market_hash"), served.body.at("market_hash"));
    EXPECT_EQ(result.at("report").at("policy_hash"), served.body.at("policy_hash"));
    // Doubles are written with all their digits: equal text is equal bits.
    EXPECT_EQ(report.at("accounts").dump(), bare(accounts.body.at("accounts")).dump());
    EXPECT_EQ(report.at("unified").dump(), served.body.at("unified").dump());
    EXPECT_EQ(result.at("memory").at("portfolios").at("desk").at("headline").dump(), served.body.at("headline").dump());
    ASSERT_FALSE(result.at("events").empty());
    const Answer incidents = daemon.get("/v1/incidents");
    EXPECT_EQ(result.at("events").at(0).at("id"), incidents.body.at("events").back().at("id"));
    // Without the state it still stands; what is remembered is gone.
    json forgetful = json::parse(daemon.get("/v1/portfolios/desk/snapshot").text);
    forgetful.erase("memory");
    const Finished alone = run_margind({"evaluate", folder_.write("alone.json", forgetful.dump()), "--json"});
    EXPECT_EQ(json::parse(alone.out).at("report").dump(), result.at("report").dump());
    // And from the database.
    const Answer kept = daemon.get("/v1/portfolios/desk/snapshot?at=" + served.body.at("time").dump());
    ASSERT_EQ(kept.status, 200) << kept.text;
    const Finished stored = run_margind({"evaluate", folder_.write("stored.json", kept.text), "--json"});
    EXPECT_EQ(json::parse(stored.out).at("report").dump(), result.at("report").dump());
}

TEST_F(Run, goes_on_with_its_incidents_after_kill_9) {
    open_the_hedged_book();
    std::string id;
    {
        DaemonProcess daemon(folder_, config());
        daemon.await_block(verb("move_market", {{"asset", "ETH"}, {"price", "3600"}, {"warp", 1860}}));
        const Answer events = daemon.await("/v1/incidents", [](const Answer& a) { return has_event(a, "opened"); });
        id = event_of(events, "opened").at("id");
        daemon.kill();
    }
    // While it is away: the price runs on.
    const json block = verb("move_market", {{"asset", "ETH"}, {"price", "3750"}, {"warp", 1860}});
    DaemonProcess daemon(folder_, config());
    daemon.await_block(block);
    const Answer events = daemon.await("/v1/incidents", [](const Answer& a) { return has_event(a, "escalated"); });
    const json escalated = event_of(events, "escalated");
    EXPECT_EQ(escalated.at("id"), id);
    EXPECT_EQ(escalated.at("sequence"), 2);
    ASSERT_EQ(events.body.at("open").size(), 1U);
    EXPECT_EQ(events.body.at("open").at(0).at("id"), id);
    int opened = 0;
    for (const json& event : events.body.at("events"))
        if (event.at("type") == "opened") ++opened;
    EXPECT_EQ(opened, 1);
}

TEST_F(Run, takes_back_what_was_reorganised_away_while_it_was_dead) {
    open_the_hedged_book();
    std::uint64_t before = 0;
    std::string id;
    {
        DaemonProcess daemon(folder_, config());
        daemon.await("/v1/portfolios/desk", [](const Answer& a) { return a.status == 200; });
        before = chain_.head().number;
        daemon.await_block(verb("move_market", {{"asset", "ETH"}, {"price", "3600"}, {"warp", 1860}}));
        const Answer events = daemon.await("/v1/incidents", [](const Answer& a) { return has_event(a, "opened"); });
        id = event_of(events, "opened").at("id");
        daemon.kill();
    }
    const json block = verb("reorg", {{"depth", chain_.head().number - before}});
    DaemonProcess daemon(folder_, config());
    daemon.await_block(block);
    const Answer events = daemon.await("/v1/incidents", [](const Answer& a) { return has_event(a, "retracted"); });
    EXPECT_EQ(event_of(events, "retracted").at("id"), id);
    EXPECT_TRUE(events.body.at("open").empty());
}

// A connection that has sent half a request.
class HalfRequest {
public:
    explicit HalfRequest(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("cannot connect");
        drip("GET /v1/portfolios HTTP/1.1\r\nHost: localhost\r\nX-Drip: ");
    }
    ~HalfRequest() { ::close(socket_); }
    HalfRequest(const HalfRequest&) = delete;
    HalfRequest& operator=(const HalfRequest&) = delete;
    bool drip(const std::string& text) { return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) > 0; }

private:
    int socket_;
};

TEST_F(Run, stops_in_time_though_a_client_drips) {
    DaemonProcess daemon(folder_, config());
    daemon.await("/readyz", [](const Answer& a) { return a.status == 200; });
    HalfRequest client(daemon.port());
    std::atomic<bool> stopped = false;
    std::thread dripping([&] {
        while (!stopped) {
            client.drip("x");
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
    });
    const auto start = std::chrono::steady_clock::now();
    const int code = daemon.stop();
    stopped = true;
    dripping.join();
    EXPECT_EQ(code, 0);
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(8));
}

TEST_F(Run, reads_on_demand_who_is_in_no_portfolio) {
    open_the_hedged_book();
    verb("aave_supply", {{"user", 1}, {"asset", "WETH"}, {"amount", "2"}});
    DaemonProcess daemon(folder_, config());
    daemon.await("/readyz", [](const Answer& a) { return a.status == 200; });
    const Answer other = daemon.get("/v1/accounts/31337/" + user(1));
    EXPECT_EQ(other.status, 200) << other.text;
    ASSERT_EQ(other.body.at("accounts").size(), 1U);
    EXPECT_NEAR(other.body.at("accounts").at(0).at("equity_usd").get<double>(), 6000, 0.01);
    EXPECT_EQ(daemon.get("/v1/accounts/31337/" + user(0)).status, 409);
    EXPECT_EQ(daemon.get("/v1/accounts/1/" + user(1)).status, 404);
    EXPECT_EQ(daemon.get("/v1/accounts/31337/0x12").status, 400);
    int limited = 0;
    for (int i = 0; i < 10; ++i)
        if (daemon.get("/v1/accounts/31337/" + user(1)).status == 429) ++limited;
    EXPECT_GE(limited, 4);
}

}  // namespace
}  // namespace margind::tests
