// The HTTP and JSON-RPC clients against servers that behave well, and badly.
#include "adapters/rpc/json_rpc.hpp"
#include "adapters/rpc/spawn.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/run_coroutine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <future>
#include <mutex>
#include <netdb.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>

namespace margind::adapters::rpc {
namespace {

/// The system's name lookup, which getaddrinfo below asks first: "known.test" is this machine, "hangs.test" gives no answer until it is let go.
/// What it does not prove: how long a real lookup takes.
class Names {
public:
    class Hanging {
    public:
        explicit Hanging(Names& names) : names_(names) {
            const std::lock_guard lock(names_.mutex_);
            names_.hangs_ = true;
        }
        ~Hanging() { names_.let_go(); }
        Hanging(const Hanging&) = delete;
        Hanging& operator=(const Hanging&) = delete;

    private:
        Names& names_;
    };
    void let_go() {
        const std::lock_guard lock(mutex_);
        hangs_ = false;
        changed_.notify_all();
    }
    void hang() {
        std::unique_lock lock(mutex_);
        ++asked_;
        changed_.wait(lock, [&] { return !hangs_; });
    }
    int asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool hangs_ = false;
    int asked_ = 0;
};

Names& names() {
    static Names all;
    return all;
}

}  // namespace
}  // namespace margind::adapters::rpc

/// Stands before the system's own, in this program alone.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    static const auto next = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const std::string name = node == nullptr ? "" : node;
    if (name == "hangs.test") {
        margind::adapters::rpc::names().hang();
        return EAI_FAIL;
    }
    return next(name == "known.test" ? "127.0.0.1" : node, service, hints, found);
}

namespace margind::adapters::rpc {
namespace {

using model::ErrorCode;
using model::Retry;
using nlohmann::json;
using tests::RawServer;
using tests::run_coroutine;
using namespace std::chrono_literals;

/// cpp-httplib's server on a free loopback port; counts what it was asked.
template <class Server = httplib::Server>
class LocalServer {
public:
    using Handler = std::function<void(const httplib::Request&, httplib::Response&)>;
    template <class... Arguments>
    explicit LocalServer(Handler handler, Arguments&&... arguments) : server_(std::forward<Arguments>(arguments)...) {
        server_.Post("/.*", [this, handler = std::move(handler)](const httplib::Request& request, httplib::Response& response) {
            ++requests_;
            handler(request, response);
        });
        server_.set_keep_alive_timeout(1);
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }
    ~LocalServer() {
        server_.stop();
        thread_.join();
    }
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;
    int port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    int requests() const { return requests_; }

private:
    Server server_;
    std::atomic<int> requests_ = 0;
    int port_ = 0;
    std::thread thread_;
};

class Http : public testing::Test {
protected:
    model::Result<HttpResponse> post(HttpClient& client, const std::string& url, const HttpHeaders& headers = {},
                                     const std::string& body = "{}", const HttpLimits& limits = {}) {
        return run_coroutine(io, client.post(Endpoint::parse(url).value(), headers, body, limits));
    }
    model::Result<HttpResponse> post(const std::string& url, const HttpLimits& limits = {}) {
        return post(http, url, {}, "{}", limits);
    }
    model::Result<json> ask(JsonRpcClient& client) { return run_coroutine(io, client.call("eth_test", "[]")); }
    model::Result<json> ask(const std::string& url) {
        JsonRpcClient client(http, Endpoint::parse(url).value());
        return ask(client);
    }
    template <class T>
    void run_until_ready(const std::future<T>& result) {
        while (result.wait_for(0s) != std::future_status::ready) {
            io.restart();
            io.run_one_for(20ms);
        }
    }
    static HttpLimits within(std::chrono::milliseconds total) {
        HttpLimits limits;
        limits.total = total;
        return limits;
    }

    asio::io_context io;
    HttpClient http{io.get_executor(), {}};
};

void expect_error(const model::Error& error, ErrorCode code, Retry retry, const std::string& part) {
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_EQ(error.retry, retry) << error.message;
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
}

TEST_F(Http, posts_headers_and_body_and_gives_status_and_body) {
    LocalServer<> server([](const httplib::Request& request, httplib::Response& response) {
        response.status = 418;
        response.set_content(request.target + "|" + request.get_header_value("X-A") + "|" +
                                 request.get_header_value("Authorization") + "|" + request.get_header_value("Host") + "|" +
                                 request.body,
                             "text/plain");
        response.set_header("Retry-After", "7");
    });
    std::string url = server.url() + "/v3/key?x=1";
    url.insert(7, "user:pass@");
    HttpHeaders headers;
    headers.emplace_back("X-A", "b");
    const auto response = post(http, url, headers, "the body");
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 418U);
    EXPECT_EQ(response->content_type, "text/plain");
    EXPECT_EQ(response->retry_after, 7s);
    EXPECT_EQ(response->body,
              "/v3/key?x=1|b|Basic dXNlcjpwYXNz|127.0.0.1:" + std::to_string(server.port()) + "|the body");

    headers.emplace_back("X-B", "a\r\nX-C: d");
    const auto split = post(http, url, headers);
    ASSERT_FALSE(split);
    EXPECT_EQ(split.error().code, ErrorCode::bad_input);
}

TEST_F(Http, gives_up_at_the_deadline_when_nothing_is_answered) {
    RawServer server([](int connection, int) { RawServer::read_request(connection), RawServer::read_request(connection); });
    const auto start = std::chrono::steady_clock::now();
    const auto response = post(server.url() + "/SECRET?SECRET", within(200ms));
    const auto taken = std::chrono::steady_clock::now() - start;
    ASSERT_FALSE(response);
    expect_error(response.error(), ErrorCode::unreachable, Retry::other_endpoint, server.url() + ": no answer within 200 ms");
    EXPECT_EQ(response.error().message.find("SECRET"), std::string::npos);
    EXPECT_GE(taken, 200ms);
    EXPECT_LT(taken, 5s);
}

// Each byte arrives well in time; only the sum does not.
TEST_F(Http, gives_up_at_the_deadline_when_the_reply_drips) {
    RawServer server([](int connection, int) {
        RawServer::read_request(connection);
        RawServer::send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while (RawServer::send(connection, "x")) std::this_thread::sleep_for(10ms);
    });
    const auto start = std::chrono::steady_clock::now();
    const auto response = post(server.url(), within(300ms));
    ASSERT_FALSE(response);
    expect_error(response.error(), ErrorCode::unreachable, Retry::other_endpoint, "no answer within 300 ms");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST_F(Http, refuses_a_body_above_the_limit_announced_or_not) {
    const std::string megabyte(1 << 20, 'x');
    LocalServer<> server([&](const httplib::Request& request, httplib::Response& response) {
        if (request.path == "/announced") {
            response.set_content(megabyte, "text/plain");
            return;
        }
        response.set_chunked_content_provider("text/plain", [&](std::size_t offset, httplib::DataSink& sink) {
            if (offset >= 64 * megabyte.size()) sink.done();
            return sink.write(megabyte.data(), megabyte.size());
        });
    });
    HttpLimits limits;
    limits.max_body = megabyte.size() - 1;
    for (const char* path : {"/announced", "/chunked"}) {
        const auto response = post(server.url() + path, limits);
        ASSERT_FALSE(response) << path;
        expect_error(response.error(), ErrorCode::limit, Retry::never, "the reply is longer than 1048575 bytes");
    }
    limits.max_body = megabyte.size();
    EXPECT_EQ(post(server.url() + "/announced", limits).value().body, megabyte);
}

TEST_F(Http, refuses_a_header_above_the_limit) {
    RawServer server([](int connection, int) {
        RawServer::read_request(connection);
        RawServer::send(connection, "HTTP/1.1 200 OK\r\nX: ");
        while (RawServer::send(connection, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")) {
        }
    });
    const auto response = post(server.url());
    ASSERT_FALSE(response);
    expect_error(response.error(), ErrorCode::limit, Retry::other_endpoint, "header is longer than 16384 bytes");
}

TEST_F(Http, says_what_is_wrong_with_a_broken_reply) {
    struct Case {
        const char* reply;
        ErrorCode code;
        const char* part;
    };
    for (const Case& c : {Case{"SSH-2.0-OpenSSH_9.2\r\n\r\n", ErrorCode::upstream, "the reply is not HTTP"},
                          Case{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", ErrorCode::upstream, "the reply is not HTTP"},
                          Case{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ErrorCode::unreachable, "before the reply was complete"},
                          Case{"", ErrorCode::unreachable, "before the reply was complete"}}) {
        RawServer server([&](int connection, int) {
            RawServer::read_request(connection);
            RawServer::send(connection, c.reply);
        });
        const auto response = post(server.url());
        ASSERT_FALSE(response) << c.reply;
        EXPECT_EQ(response.error().code, c.code) << response.error().message;
        EXPECT_NE(response.error().message.find(c.part), std::string::npos) << response.error().message;
        EXPECT_EQ(server.connections(), 1) << "a fresh connection's failure is not tried again";
    }
}

TEST_F(Http, replaces_a_kept_connection_that_the_server_closed) {
    RawServer server([](int connection, int) {
        RawServer::read_request(connection);
        RawServer::send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    for (int i = 0; i < 3; ++i) {
        const auto response = post(server.url());
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, "ok");
    }
    EXPECT_EQ(http.connections_opened(), 3U);
}

TEST_F(Http, takes_no_second_answer_for_that_to_the_next_request) {
    std::promise<void> first_read;
    std::promise<void> second_sent;
    RawServer server([&](int connection, int number) {
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(number);
        RawServer::read_request(connection);
        RawServer::send(connection, answer);
        if (number > 0) return;
        first_read.get_future().wait();
        RawServer::send(connection, answer);
        second_sent.set_value();
        RawServer::read_request(connection);
    });
    EXPECT_EQ(post(server.url()).value().body, "0");
    first_read.set_value();
    second_sent.get_future().wait();
    EXPECT_EQ(post(server.url()).value().body, "1");
}

TEST_F(Http, says_unreachable_when_nobody_listens_and_when_there_is_no_such_host) {
    std::string url;
    {
        RawServer server([](int, int) {});
        url = server.url();
    }
    const auto refused = post(url);
    ASSERT_FALSE(refused);
    expect_error(refused.error(), ErrorCode::unreachable, Retry::other_endpoint, url + ": ");
    const auto unknown = post("http://no-such-host.invalid:1", within(2s));
    ASSERT_FALSE(unknown);
    expect_error(unknown.error(), ErrorCode::unreachable, Retry::other_endpoint, "http://no-such-host.invalid:1: ");
}

TEST_F(Http, trusts_a_certificate_by_its_authority_and_name) {
    const std::string folder = testing::TempDir();
    const std::string key = folder + "margind_http_test.key";
    const std::string certificate = folder + "margind_http_test.crt";
    const std::string command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test "
                                "-addext subjectAltName=DNS:localhost -keyout " + key + " -out " + certificate + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    LocalServer<httplib::SSLServer> server(
        [](const httplib::Request&, httplib::Response& response) { response.set_content("private", "text/plain"); },
        certificate.c_str(), key.c_str());
    HttpOptions options;
    options.ca_file = certificate;
    HttpClient trusting(io.get_executor(), options);
    const std::string by_name = "https://localhost:" + std::to_string(server.port());
    for (int i = 0; i < 2; ++i) {
        const auto response = post(trusting, by_name);
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, "private");
    }
    EXPECT_EQ(trusting.connections_opened(), 1U);

    const auto wrong_name = post(trusting, "https://127.0.0.1:" + std::to_string(server.port()));
    ASSERT_FALSE(wrong_name);
    expect_error(wrong_name.error(), ErrorCode::unreachable, Retry::other_endpoint, "TLS failed: certificate verify failed");
    const auto unknown_authority = post(by_name);
    ASSERT_FALSE(unknown_authority);
    expect_error(unknown_authority.error(), ErrorCode::unreachable, Retry::other_endpoint, "TLS failed: certificate verify failed");
    EXPECT_EQ(server.requests(), 2);

    LocalServer<> plain([](const httplib::Request&, httplib::Response&) {});
    const auto no_tls = post(trusting, "https://localhost:" + std::to_string(plain.port()), {}, "{}", within(1s));
    ASSERT_FALSE(no_tls);
    EXPECT_EQ(no_tls.error().code, ErrorCode::unreachable) << no_tls.error().message;
}

TEST_F(Http, classes_what_a_json_rpc_server_answers) {
    struct Case {
        const char* path;
        int status;
        const char* body;
        ErrorCode code;
        Retry retry;
        const char* part;
    };
    const std::vector<Case> cases{
        {"/html", 200, "<html>hello</html>", ErrorCode::upstream, Retry::other_endpoint, "the body is not a JSON object (content type \"x/y\")"},
        {"/id", 200, R"({"jsonrpc":"2.0","id":99,"result":1})", ErrorCode::upstream, Retry::other_endpoint, "the reply's id is 99, not 1"},
        {"/error", 200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no method"}})", ErrorCode::upstream,
         Retry::other_endpoint, "error -32601: no method"},
        {"/revert", 500, R"({"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted"}})", ErrorCode::reverted,
         Retry::never, "execution reverted"},
        {"/busy", 429, "slow down", ErrorCode::limit, Retry::later, "HTTP status 429: rate limit"},
        {"/key", 401, "{}", ErrorCode::upstream, Retry::other_endpoint, "access refused"},
        {"/moved", 301, "", ErrorCode::upstream, Retry::other_endpoint, "redirects are not followed"},
        {"/long", 413, "", ErrorCode::limit, Retry::never, "too long"},
        {"/down", 503, "<html>", ErrorCode::upstream, Retry::later, "HTTP status 503"},
        {"/gone", 404, "", ErrorCode::upstream, Retry::other_endpoint, "HTTP status 404"},
        {"/nothing", 200, "", ErrorCode::upstream, Retry::other_endpoint, "not a JSON object"},
    };
    LocalServer<> server([&](const httplib::Request& request, httplib::Response& response) {
        for (const Case& c : cases)
            if (request.path == c.path) {
                response.status = c.status;
                response.set_content(c.body, "x/y");
                if (c.status == 301) response.set_header("Location", "/id");
            }
    });
    for (const Case& c : cases) {
        const auto reply = ask(server.url() + c.path);
        ASSERT_FALSE(reply) << c.path;
        expect_error(reply.error(), c.code, c.retry, c.part);
        EXPECT_EQ(reply.error().message.find(server.url() + ": eth_test: "), 0U) << reply.error().message;
    }
    EXPECT_EQ(server.requests(), static_cast<int>(cases.size())) << "the redirect was followed, or something asked twice";
}

TEST_F(Http, hears_a_refusal_of_a_request_that_the_server_did_not_read) {
    RawServer server([](int connection, int) {
        char first[1024];
        if (::recv(connection, first, sizeof first, 0) > 0)
            RawServer::send(connection, "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    JsonRpcClient client(http, Endpoint::parse(server.url()).value());
    for (int i = 0; i < 3; ++i) {
        const auto answer = run_coroutine(io, client.call("eth_call", "[\"" + std::string(std::size_t{32} << 20, 'x') + "\"]"));
        ASSERT_FALSE(answer);
        expect_error(answer.error(), ErrorCode::limit, Retry::never, "too long for the server");
    }
}

TEST_F(Http, connects_by_name_while_another_name_hangs) {
    LocalServer<> server([](const httplib::Request&, httplib::Response& response) {
        response.set_header("Connection", "close");
        response.set_content("here", "text/plain");
    });
    const std::string known = "http://known.test:" + std::to_string(server.port());
    EXPECT_TRUE(post(known));
    const Names::Hanging hanging(names());
    // Nothing waits for these lookups any more, and still the first of them has the system's ear.
    for (int i = 0; i < 3; ++i) {
        auto hung = asio::co_spawn(io, http.post(Endpoint::parse("http://hangs.test:1").value(), {}, "{}", within(50ms)), asio::use_future);
        run_until_ready(hung);
        EXPECT_EQ(hung.get().error().code, ErrorCode::unreachable);
    }
    for (int i = 0; i < 3; ++i) {
        auto answer = asio::co_spawn(io, http.post(Endpoint::parse(known).value(), {}, "{}", within(2s)), asio::use_future);
        run_until_ready(answer);
        const auto response = answer.get();
        EXPECT_TRUE(response) << response.error().message;
    }
    EXPECT_EQ(http.connections_opened(), 4U);
    names().let_go();
    io.restart();
    io.run();
    EXPECT_EQ(names().asked(), 1) << "those that were given up are not asked for";
}

TEST_F(Http, waits_as_long_as_a_server_asks_to) {
    LocalServer<> server([](const httplib::Request&, httplib::Response& response) {
        response.status = 429;
        response.set_header("Retry-After", "30");
    });
    JsonRpcClient client(http, Endpoint::parse(server.url()).value());
    expect_error(ask(client).error(), ErrorCode::limit, Retry::later, "to be asked again after 30 s");
    expect_error(ask(client).error(), ErrorCode::limit, Retry::later, "not sent, the server asked to wait");
    EXPECT_EQ(server.requests(), 1);
}

TEST_F(Http, sends_what_json_rpc_asks_for) {
    LocalServer<> server([](const httplib::Request& request, httplib::Response& response) {
        const json asked = json::parse(request.body);
        json reply = json::object();
        reply["jsonrpc"] = "2.0";
        reply["id"] = asked.at("id");
        reply["result"] = asked;
        reply["result"]["type"] = request.get_header_value("Content-Type");
        response.set_content(reply.dump(), "application/json");
    });
    JsonRpcClient client(http, Endpoint::parse(server.url()).value());
    const auto first = run_coroutine(io, client.call("eth_x", R"([1,"a"])"));
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->dump(), R"({"id":1,"jsonrpc":"2.0","method":"eth_x","params":[1,"a"],"type":"application/json"})");
    EXPECT_EQ(run_coroutine(io, client.call("eth_x", "[]")).value().at("id"), 2);
}

TEST(Spawn, tells_how_a_task_ended) {
    asio::io_context io;
    const auto failing = []() -> asio::awaitable<void> {
        throw std::runtime_error("lost");
        co_return;
    };
    const auto ending = []() -> asio::awaitable<void> { co_return; };
    std::exception_ptr failed;
    int ended = 0;
    spawn(io.get_executor(), failing(), [&](std::exception_ptr error) { failed = error; });
    spawn(io.get_executor(), ending(), [&](std::exception_ptr error) { ended += error == nullptr ? 1 : 0; });
    io.run();
    EXPECT_THROW(std::rethrow_exception(failed), std::runtime_error);
    EXPECT_EQ(ended, 1);

    std::vector<asio::awaitable<void>> tasks;
    tasks.push_back(ending());
    tasks.push_back(failing());
    EXPECT_THROW(run_coroutine(io, join_all(std::move(tasks))), std::runtime_error);
    EXPECT_NO_THROW(run_coroutine(io, join_all({})));
}

TEST(Spawn, runs_blocking_work_on_the_pool_and_comes_back) {
    asio::io_context io;
    asio::thread_pool pool(1);
    const std::thread::id here = std::this_thread::get_id();
    const auto task = [](asio::any_io_executor executor, std::thread::id io_thread) -> asio::awaitable<std::string> {
        std::string text(1000, 'x');
        auto work = [text, io_thread] {
            if (std::this_thread::get_id() == io_thread) throw std::logic_error("not on the pool");
            return text + "y";
        };
        auto result = co_await run_blocking(executor, std::move(work));
        EXPECT_EQ(std::this_thread::get_id(), io_thread);
        auto throwing = [text]() -> int { throw std::runtime_error(text); };
        bool thrown = false;
        try {
            const int never = co_await run_blocking(executor, std::move(throwing));
            EXPECT_EQ(never, 0);
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        co_return result;
    };
    EXPECT_EQ(run_coroutine(io, task(pool.get_executor(), here)), std::string(1000, 'x') + "y");
    pool.join();
}

}  // namespace
}  // namespace margind::adapters::rpc
