// The HTTP listener: who may ask, what is refused, what is bounded.
#include "daemon/http_server.hpp"
#include "daemon/problem.hpp"
#include "daemon/task_queue.hpp"
#include "daemon/token_bucket.hpp"

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <future>
#include <stdexcept>

namespace margind::daemon {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Http : public ::testing::Test {
protected:
    void SetUp() override {
        AllowList allowed;
        allowed.hosts = {"margind.example", "proxy.example:8480"};
        allowed.origins = {"http://board.example:3000"};
        HttpLimits limits;
        limits.threads = 2;
        server_ = std::make_unique<HttpServer>(limits, allowed);
        server_->server().Get("/fine", [](const httplib::Request&, httplib::Response& response) { response.set_content("{}", "application/json"); });
        server_->server().Get("/throws", [](const httplib::Request&, httplib::Response&) { throw std::runtime_error("planted"); });
        const auto port = server_->listen("127.0.0.1", 0);
        ASSERT_TRUE(port) << port.error().message;
        port_ = *port;
    }

    httplib::Result get(const std::string& path, const httplib::Headers& headers = {}) {
        httplib::Client client("127.0.0.1", port_);
        client.set_read_timeout(seconds(10));
        return client.Get(path, headers);
    }

    static void expect_problem(const httplib::Result& result, int status, const std::string& named) {
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, status);
        EXPECT_EQ(result->get_header_value("Content-Type"), "application/problem+json");
        const auto body = json::parse(result->body, nullptr, false);
        ASSERT_TRUE(body.is_object()) << result->body;
        EXPECT_EQ(body.at("status"), status);
        EXPECT_EQ(body.at("title"), status_title(status));
        EXPECT_NE(body.at("detail").get<std::string>().find(named), std::string::npos) << result->body;
    }

    int port_ = 0;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(Http, serves_loopback_names_and_listed_hosts) {
    for (const char* host : {"127.0.0.1", "localhost", "[::1]", "localhost:9", "margind.example", "margind.example:80", "proxy.example:8480"}) {
        const auto result = get("/fine", {{"Host", host}});
        ASSERT_TRUE(result);
        EXPECT_EQ(result->status, 200) << host;
    }
}

TEST_F(Http, refuses_a_host_that_is_not_listed) {
    for (const char* host : {"evil.example", "127.0.0.1.evil.example", "localhost.", "margind.example.evil", "[::1", "[::2]", "proxy.example", "proxy.example:1"})
        expect_problem(get("/fine", {{"Host", host}}), 403, host);
}

TEST_F(Http, refuses_an_origin_that_is_neither_itself_nor_listed) {
    const std::string self = "127.0.0.1:" + std::to_string(port_);
    EXPECT_EQ(get("/fine", {{"Origin", "http://" + self}})->status, 200);
    const auto listed = get("/fine", {{"Origin", "http://board.example:3000"}});
    EXPECT_EQ(listed->status, 200);
    EXPECT_EQ(listed->get_header_value("Access-Control-Allow-Origin"), "http://board.example:3000");
    for (const char* origin : {"null", "http://evil.example", "http://127.0.0.1:1", "http://board.example:3001"})
        expect_problem(get("/fine", {{"Origin", origin}}), 403, origin);
}

TEST_F(Http, answers_unknown_paths_and_methods_as_problems) {
    expect_problem(get("/nothing"), 404, "/nothing");
    httplib::Client client("127.0.0.1", port_);
    expect_problem(client.Post("/fine", "{}", "application/json"), 405, "POST");
    expect_problem(client.Delete("/fine"), 405, "DELETE");
    EXPECT_EQ(client.Post("/fine", "{}", "application/json")->get_header_value("Allow"), "GET, HEAD");
}

TEST_F(Http, serves_the_whole_answer_whatever_ranges_are_asked) {
    std::string ranges = "bytes=0-0";
    for (int i = 0; i < 1000; ++i) ranges += ",0-1";
    const auto result = get("/fine", {{"Range", ranges}});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->body, "{}");
}

TEST_F(Http, says_nothing_of_the_cause_when_a_handler_throws) {
    const auto result = get("/throws");
    expect_problem(result, 500, "log");
    EXPECT_EQ(result->body.find("planted"), std::string::npos);
}

TEST_F(Http, stops_and_frees_its_port) {
    ASSERT_EQ(get("/fine")->status, 200);
    EXPECT_TRUE(server_->stop(seconds(10)));
    EXPECT_FALSE(get("/fine"));
}

TEST(HttpServer, refuses_an_address_that_is_not_loopback) {
    HttpServer server(HttpLimits{}, AllowList{});
    const auto port = server.listen("0.0.0.0", 0);
    ASSERT_FALSE(port);
    EXPECT_NE(port.error().message.find("0.0.0.0"), std::string::npos);
}

TEST(HttpServer, names_the_port_that_is_taken) {
    HttpServer first(HttpLimits{}, AllowList{});
    const auto port = first.listen("127.0.0.1", 0);
    ASSERT_TRUE(port);
    HttpServer second(HttpLimits{}, AllowList{});
    const auto taken = second.listen("127.0.0.1", *port);
    // SO_REUSEPORT, which cpp-httplib sets, would let both listen and share the connections.
    ASSERT_FALSE(taken);
    EXPECT_NE(taken.error().message.find(std::to_string(*port)), std::string::npos);
}

TEST(BoundedTaskQueue, holds_the_caller_when_full_and_loses_nothing) {
    std::promise<void> gate;
    const auto opened = gate.get_future().share();
    std::atomic<int> ran = 0;
    BoundedTaskQueue queue(1, 2);
    queue.enqueue([&, opened] { opened.wait(); ++ran; });
    while (queue.waiting() > 0) std::this_thread::yield();
    queue.enqueue([&] { ++ran; });
    queue.enqueue([&] { ++ran; });
    EXPECT_EQ(queue.waiting(), 2U);
    auto blocked = std::async(std::launch::async, [&] { queue.enqueue([&] { ++ran; }); });
    EXPECT_EQ(blocked.wait_for(milliseconds(100)), std::future_status::timeout);
    EXPECT_EQ(queue.waiting(), 2U);
    gate.set_value();
    blocked.wait();
    queue.shutdown();
    EXPECT_EQ(ran, 4);
}

TEST(TokenBucket, gives_its_capacity_then_refills_with_time) {
    TokenBucket bucket(3, 0.5);
    const auto start = TokenBucket::Clock::time_point(seconds(100));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(start));
    EXPECT_FALSE(bucket.take(start));
    EXPECT_FALSE(bucket.take(start + seconds(1)));
    EXPECT_TRUE(bucket.take(start + seconds(2)));
    EXPECT_FALSE(bucket.take(start + seconds(2)));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(start + seconds(1000)));
    EXPECT_FALSE(bucket.take(start + seconds(1000)));
}

}  // namespace
}  // namespace margind::daemon
