// The routes over a fixed published state, asked through a real client.
#include "daemon/answers.hpp"
#include "daemon/http_server.hpp"
#include "daemon/openapi.hpp"
#include "daemon/routes.hpp"

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <barrier>
#include <thread>

namespace margind::daemon {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

model::Address address(std::byte last) {
    model::Address owner;
    owner.bytes.back() = last;
    return owner;
}

class RoutesOverState : public ::testing::Test {
protected:
    void SetUp() override {
        model::Portfolio desk;
        desk.name = "desk";
        desk.owners = {address(std::byte{1})};
        model::Portfolio idle;
        idle.name = "idle";
        const Clocks clocks{[this] { return Steady::time_point(milliseconds(steady_ms.load())); }, [this] { return wall.load(); }};
        const auto read = [this](model::ChainId, const model::Address& owner) -> model::Result<std::shared_ptr<const Evaluation>> {
            ++reads;
            if (hold) held.arrive_and_wait();
            if (owner == address(std::byte{9})) return model::fail(model::ErrorCode::unreachable, "the node is away");
            return evaluation(owner.to_string());
        };
        routes_ = std::make_unique<Routes>(RouteContext{state, nullptr, metrics, clocks, market, policy, {desk, idle}, read});
        server_ = std::make_unique<HttpServer>(HttpLimits{}, AllowList{});
        routes_->add_to(server_->server());
        const auto port = server_->listen("127.0.0.1", 0);
        ASSERT_TRUE(port) << port.error().message;
        port_ = *port;
    }

    static std::shared_ptr<const Evaluation> evaluation(const std::string& name) {
        model::AccountReport account;
        account.key.venue.protocol = "venue";
        account.key.venue.chain.value = 7;
        account.key.owner = address(std::byte{1});
        account.reason = "reverted: 0x";
        model::PortfolioReport portfolio;
        portfolio.name = name;
        portfolio.accounts = {account};
        portfolio.unified_reason = "an account is unknown";
        portfolio.partial = true;
        model::Report report;
        report.time = 1000;
        report.portfolios = {portfolio};
        model::PortfolioMemory remembered;
        remembered.headline.level = model::Level::warn;
        remembered.headline.reason = "with memory";
        remembered.unified = model::Unified{};
        remembered.unified_time = 940;
        model::Memory memory;
        memory.portfolios[name] = remembered;
        auto made = std::make_shared<Evaluation>();
        made->snapshot = std::make_shared<const model::Snapshot>();
        made->report = std::make_shared<const model::Report>(report);
        made->after = std::make_shared<const model::Memory>(memory);
        return made;
    }

    void publish(const std::string& error = {}) {
        ChainStatus chain;
        chain.id.value = 7;
        chain.name = "seven";
        chain.evaluated = model::BlockRef{chain.id, 42, {}, 1000};
        chain.confirmed = Steady::time_point(milliseconds(5'000));
        chain.block_time_ms = 12'000;
        chain.error = error;
        auto next = std::make_shared<Published>();
        next->evaluation = evaluation("desk");
        next->chains = {chain};
        state.publish(std::move(next));
    }

    std::pair<int, json> get(const std::string& path) {
        httplib::Client client("127.0.0.1", port_);
        const auto result = client.Get(path);
        if (!result) return {0, nullptr};
        return {result->status, json::parse(result->body, nullptr, false)};
    }
    void expect_problem(const std::string& path, int status, const std::string& named) {
        const auto [code, body] = get(path);
        EXPECT_EQ(code, status) << path << " " << body;
        EXPECT_NE(body.value("detail", "").find(named), std::string::npos) << path << " " << body;
    }

    std::atomic<std::int64_t> steady_ms = 6'000;
    std::atomic<std::int64_t> wall = 1010;
    std::atomic<int> reads = 0;
    /// Readings wait until three are under way and the test lets them go.
    std::atomic<bool> hold = false;
    std::barrier<> held{4};
    PublishedState state;
    Metrics metrics;
    model::Market market;
    model::Policy policy;
    std::unique_ptr<Routes> routes_;
    std::unique_ptr<HttpServer> server_;
    int port_ = 0;
};

TEST(PublishedStates, are_waited_for_until_they_are_in_the_database_but_not_for_ever) {
    PublishedState state;
    auto next = std::make_shared<Published>();
    next->committing = true;
    state.publish(next);
    EXPECT_TRUE(state.get_settled(milliseconds(5))->committing);
    std::atomic<bool> settled = false;
    std::thread reader([&] { settled = !state.get_settled(std::chrono::seconds(20))->committing; });
    state.publish(std::make_shared<const Published>());
    reader.join();
    EXPECT_TRUE(settled);
}

TEST_F(RoutesOverState, say_that_nothing_is_evaluated_yet) {
    EXPECT_EQ(get("/healthz").first, 200);
    const auto [status, ready] = get("/readyz");
    EXPECT_EQ(status, 503);
    EXPECT_EQ(ready.at("reasons").size(), 1U);
    expect_problem("/v1/portfolios/desk", 503, "desk");
    const auto [listed, portfolios] = get("/v1/portfolios");
    EXPECT_EQ(listed, 200);
    EXPECT_EQ(portfolios.at("portfolios").at(0).at("headline"), nullptr);
    EXPECT_EQ(portfolios.at("portfolios").at(0).at("headline_reason"), "not evaluated yet");
}

TEST_F(RoutesOverState, publish_the_headline_with_memory_and_null_with_a_reason) {
    publish();
    const auto [status, body] = get("/v1/portfolios/desk");
    EXPECT_EQ(status, 200);
    EXPECT_EQ(body.at("headline").at("level"), "warn");
    EXPECT_EQ(body.at("unified"), nullptr);
    EXPECT_EQ(body.at("unified_reason"), "an account is unknown");
    EXPECT_EQ(body.at("last_unified").at("age_s"), 70);
    EXPECT_EQ(body.at("first_liquidation"), nullptr);
    EXPECT_TRUE(body.at("first_liquidation_reason").is_string());
    EXPECT_TRUE(body.at("partial").get<bool>());
    const auto scenarios = get("/v1/portfolios/desk/scenarios").second;
    EXPECT_EQ(scenarios.at("scenarios"), nullptr);
    EXPECT_EQ(scenarios.at("reason"), "an account is unknown");
    EXPECT_EQ(scenarios.at("stress"), nullptr);
    const auto attribution = get("/v1/portfolios/desk/attribution").second;
    EXPECT_EQ(attribution.at("attribution"), nullptr);
    EXPECT_EQ(attribution.at("reason"), "an account is unknown");
    EXPECT_EQ(get("/v1/portfolios/desk/accounts").second.at("accounts").at(0).at("reason"), "reverted: 0x");
}

TEST_F(RoutesOverState, compute_ages_when_they_are_asked) {
    publish();
    const auto first = get("/v1/portfolios").second.at("as_of").at(0);
    EXPECT_EQ(first.at("age_s"), 10);
    EXPECT_DOUBLE_EQ(first.at("confirmed_age_s").get<double>(), 1);
    steady_ms = 9'500;
    wall = 1020;
    const auto later = get("/v1/portfolios").second.at("as_of").at(0);
    EXPECT_EQ(later.at("age_s"), 20);
    EXPECT_DOUBLE_EQ(later.at("confirmed_age_s").get<double>(), 4.5);
}

TEST_F(RoutesOverState, turn_red_when_no_endpoint_confirms_the_block) {
    publish("connection refused");
    EXPECT_EQ(get("/readyz").first, 200);
    steady_ms = 13'001;
    const auto [status, body] = get("/readyz");
    EXPECT_EQ(status, 503);
    EXPECT_NE(body.at("reasons").at(0).get<std::string>().find("connection refused"), std::string::npos);
    steady_ms = 6'000;
    wall = 1000 + 10 * 12 + 1;
    EXPECT_EQ(get("/readyz").first, 503);
    wall = 1000 - 61;
    EXPECT_EQ(get("/readyz").first, 503);
}

TEST_F(RoutesOverState, name_what_is_wrong_with_a_request) {
    publish();
    expect_problem("/v1/portfolios/none", 404, "none");
    expect_problem("/v1/portfolios/idle", 503, "idle");
    expect_problem("/v1/portfolios/desk/nothing", 404, "nothing");
    expect_problem("/v1/portfolios/desk?x=1", 400, "'x'");
    expect_problem("/v1/portfolios/desk/history?from=abc", 400, "abc");
    expect_problem("/v1/portfolios/desk/history?from=1e3", 400, "1e3");
    expect_problem("/v1/portfolios/desk/history?from=99999999999999999999", 400, "99999999999999999999");
    expect_problem("/v1/portfolios/desk/history?from=10&to=5", 400, "from=10");
    expect_problem("/v1/portfolios/desk/history?from=0&to=1000000&step=1", 400, "larger step");
    expect_problem("/v1/portfolios/desk/history?step=0", 400, "step='0'");
    expect_problem("/v1/incidents?after=-1", 400, "-1");
    expect_problem("/v1/incidents?limit=1001", 400, "1001");
    expect_problem("/v1/accounts/8/" + address(std::byte{2}).to_string(), 404, "'8'");
    expect_problem("/v1/accounts/7/0xzz", 400, "0xzz");
    expect_problem("/v1/accounts/7/" + address(std::byte{1}).to_string(), 409, "desk");
    expect_problem("/v1/portfolios/" + std::string(65, 'a'), 404, "aaa");
    EXPECT_EQ(reads, 0);
}

TEST_F(RoutesOverState, limit_the_rate_of_reading_on_demand) {
    publish();
    const std::string path = "/v1/accounts/7/" + address(std::byte{2}).to_string();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(get(path).first, 200);
    expect_problem(path, 429, "ask again");
    EXPECT_EQ(reads, 5);
    steady_ms = 6'000 + 2'000;
    EXPECT_EQ(get(path).first, 200);
    steady_ms = 6'000 + 4'000;
    expect_problem("/v1/accounts/7/" + address(std::byte{9}).to_string(), 504, "away");
}

TEST_F(RoutesOverState, keep_threads_for_others_while_a_node_answers_no_reading) {
    publish();
    hold = true;
    const std::string path = "/v1/accounts/7/" + address(std::byte{2}).to_string();
    std::vector<std::thread> clients;
    for (int i = 0; i < 3; ++i) clients.emplace_back([&] { EXPECT_EQ(get(path).first, 200); });
    while (reads < 3) std::this_thread::yield();
    expect_problem(path, 429, "3 addresses are being read");
    EXPECT_EQ(get("/v1/portfolios").first, 200);
    held.arrive_and_wait();
    for (std::thread& client : clients) client.join();
}

TEST_F(RoutesOverState, show_open_incidents_that_no_database_has_taken) {
    publish();
    auto next = std::make_shared<Published>(*state.get());
    next->uncommitted_events = {R"({"id":"0x01","sequence":1,"type":"opened","level":"warn"})", R"({"id":"0x02","sequence":1,"type":"opened","level":"call"})",
                                R"({"id":"0x01","sequence":2,"type":"escalated","level":"critical"})", R"({"id":"0x02","sequence":2,"type":"cleared","level":"call"})"};
    state.publish(std::move(next));
    const auto [code, body] = get("/v1/incidents");
    EXPECT_EQ(code, 200);
    EXPECT_EQ(body.at("events").size(), 4U);
    ASSERT_EQ(body.at("open").size(), 1U) << body;
    EXPECT_EQ(body.at("open").at(0).at("id"), "0x01");
    EXPECT_EQ(body.at("open").at(0).at("level"), "critical");
}

TEST(IncidentsAnswer, shows_an_event_once_that_the_database_took_since_the_state_was_published) {
    const std::string one = R"({"id":"0x01","sequence":1,"type":"opened"})";
    const std::string two = R"({"id":"0x01","sequence":2,"type":"escalated"})";
    const json body = incidents_answer({{7, one}}, {}, {one, two}, 0);
    ASSERT_EQ(body.at("events").size(), 2U) << body;
    EXPECT_EQ(body.at("events").at(0).at("number"), 7);
    EXPECT_EQ(body.at("events").at(1).at("sequence"), 2);
    EXPECT_EQ(body.at("events").at(1).at("number"), nullptr);
}

TEST_F(RoutesOverState, show_the_troubles_of_each_chain_beside_the_age_of_its_block) {
    publish();
    EXPECT_TRUE(get("/v1/portfolios").second.at("as_of").at(0).at("troubles").empty());
    const auto gauge = [&](const std::string& kind) {
        const std::string text = metrics.text(*state.get(), {[] { return Steady::time_point(milliseconds(6'000)); }, [] { return std::int64_t{1010}; }});
        const std::string name = "margind_source_trouble{chain=\"7\",kind=\"" + kind + "\"} ";
        return text.substr(text.find(name) + name.size(), 1);
    };
    EXPECT_EQ(gauge("stale"), "0");
    auto next = std::make_shared<Published>(*state.get());
    next->chains[0].troubles = {{model::ChainId{7}, model::TroubleKind::single_source, "b is silent"}};
    state.publish(std::make_shared<const Published>(*next));
    // One source alone is a warning; figures that are old, or that operators dispute, are not to be relied on.
    const auto [code, alone] = get("/readyz");
    EXPECT_EQ(code, 200);
    EXPECT_EQ(alone.at("warnings"), json::array({"single source: b is silent"}));
    next->chains[0].troubles.push_back({model::ChainId{7}, model::TroubleKind::disputed, "a and b differ"});
    state.publish(std::make_shared<const Published>(*next));
    EXPECT_EQ(get("/readyz").second.at("reasons"), json::array({"disputed: a and b differ"}));
    for (const char* path : {"/v1/portfolios", "/v1/portfolios/desk", "/v1/portfolios/desk/accounts", "/v1/portfolios/desk/scenarios", "/v1/portfolios/desk/attribution", "/readyz"}) {
        const auto [status, body] = get(path);
        const json& troubles = body.at("as_of").at(0).at("troubles");
        ASSERT_EQ(troubles.size(), 2U) << path;
        EXPECT_EQ(troubles.at(1).at("kind"), "disputed");
        EXPECT_EQ(troubles.at(1).at("reason"), "a and b differ");
    }
    EXPECT_EQ(gauge("stale"), "0");
    EXPECT_EQ(gauge("disputed"), "1");
}

TEST_F(RoutesOverState, measure_no_block_that_the_state_does_not_stand_on) {
    const auto text = [&] { return metrics.text(*state.get(), {[] { return Steady::time_point(milliseconds(6'000)); }, [] { return std::int64_t{1010}; }}); };
    publish();
    for (const char* line : {"margind_evaluated_block{chain=\"7\"} 42", "margind_block_age_seconds{chain=\"7\"} 10", "margind_confirmed_age_seconds{chain=\"7\"} 1"})
        EXPECT_NE(text().find(line), std::string::npos) << line << " is not in:\n" << text();
    auto next = std::make_shared<Published>(*state.get());
    next->chains.front().confirmed.reset();
    state.publish(next);
    EXPECT_NE(text().find("margind_evaluated_block{chain=\"7\"} 42"), std::string::npos) << "of an earlier run";
    EXPECT_EQ(text().find("margind_confirmed_age_seconds{"), std::string::npos);
    next = std::make_shared<Published>(*state.get());
    next->chains.front().evaluated.reset();
    state.publish(next);
    EXPECT_EQ(text().find("margind_evaluated_block{"), std::string::npos);
    EXPECT_EQ(text().find("margind_block_age_seconds{"), std::string::npos);
}

TEST_F(RoutesOverState, count_requests_by_route_and_never_by_address) {
    publish();
    get("/v1/portfolios/desk");
    get("/v1/portfolios/none");
    const std::string path = "/v1/accounts/7/" + address(std::byte{2}).to_string();
    get(path);
    httplib::Client client("127.0.0.1", port_);
    const auto result = client.Get("/metrics");
    ASSERT_TRUE(result);
    EXPECT_NE(result->body.find("margind_http_requests_total{route=\"/v1/portfolios/{name}\",status=\"200\"} 1"), std::string::npos) << result->body;
    EXPECT_NE(result->body.find("margind_http_requests_total{route=\"/v1/portfolios/{name}\",status=\"404\"} 1"), std::string::npos);
    EXPECT_NE(result->body.find("margind_evaluated_block{chain=\"7\"} 42"), std::string::npos);
    EXPECT_EQ(result->body.find(address(std::byte{2}).to_string()), std::string::npos);
}

TEST(OpenApi, has_each_registered_route_and_no_other) {
    const auto document = openapi_document();
    std::vector<std::string> described;
    for (const auto& [path, item] : document.at("paths").items()) described.push_back(path);
    std::vector<std::string> registered = Routes::paths();
    std::sort(registered.begin(), registered.end());
    EXPECT_EQ(described, registered);
}

}  // namespace
}  // namespace margind::daemon
