// Requests over WebSockets and a Unix socket: against Anvil itself, through the fault proxy, and against hostile bytes.
#include "adapters/rpc/json_rpc.hpp"
#include "adapters/rpc/spawn.hpp"
#include "tests/support/chain_process.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/sanitized.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <set>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace margind::adapters::rpc {
namespace {

using model::ErrorCode;
using model::Retry;
using nlohmann::json;
using namespace std::chrono_literals;

/// A folder of its own that is gone afterwards.
struct Folder {
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "margind_duplex_XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

const std::string& socket_path() {
    static const Folder folder;
    static const std::string path = folder.path / "anvil.ipc";
    return path;
}

tests::ChainProcess& chain() {
    static tests::ChainProcess process({"--ipc", socket_path()});
    return process;
}

std::string ws_of(const std::string& http) { return "ws" + http.substr(4); }

/// What of this process is resident, in MiB.
std::size_t resident() {
    std::ifstream file("/proc/self/statm");
    std::size_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) >> 20;
}

class DuplexTest : public testing::Test {
protected:
    /// Runs until the task has ended; what else goes on on the connection stays.
    template <class T>
    T await(asio::awaitable<T> task) {
        auto result = asio::co_spawn(io, std::move(task), asio::use_future);
        run_until([&] { return result.wait_for(0s) == std::future_status::ready; });
        return result.get();
    }
    void run_until(const std::function<bool()>& reached) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        io.restart();
        while (!reached()) {
            io.run_one_for(50ms);
            if (io.stopped()) io.restart();
            if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("not reached within 20 s");
        }
    }
    std::string chain_id(JsonRpcClient& client) {
        const auto id = await(client.call("eth_chainId", "[]"));
        return id ? id->get<std::string>() : id.error().message;
    }
    static HttpLimits within(std::chrono::milliseconds total) {
        HttpLimits limits;
        limits.total = total;
        return limits;
    }

    asio::io_context io;
    HttpClient http{io.get_executor(), {}};
};

TEST_F(DuplexTest, answers_many_requests_at_once_over_one_connection) {
    for (const std::string& url : {ws_of(chain().rpc_url()), "ipc:" + socket_path()}) {
        JsonRpcClient client(http, Endpoint::parse(url).value());
        const std::uint64_t head = chain().head().number;
        std::vector<asio::awaitable<void>> tasks;
        std::set<std::uint64_t> seen;
        const auto one = [&](std::uint64_t number) -> asio::awaitable<void> {
            const auto block = co_await client.call("eth_getBlockByNumber", "[\"0x" + json(number).dump() + "\",false]");
            EXPECT_TRUE(block) << (block ? "" : block.error().message);
            if (block && block->at("number") == "0x" + json(number).dump()) seen.insert(number);
        };
        // Numbers below ten are written alike in hex.
        ASSERT_GT(head, 9U);
        for (std::uint64_t i = 0; i < 300; ++i) tasks.push_back(one(i % 10));
        await(join_all(std::move(tasks)));
        EXPECT_EQ(seen.size(), 10U) << url;
        EXPECT_TRUE(client.latencies().p95()) << url;

        std::vector<Ask> asks(3, Ask{"eth_chainId", "[]"});
        asks[1] = {"eth_noSuchMethod", "[]"};
        const auto replies = await(client.call_many(asks));
        ASSERT_TRUE(replies) << url << replies.error().message;
        EXPECT_EQ((*replies)[0].value(), "0x7a69") << url;
        EXPECT_FALSE((*replies)[1]) << url;
        EXPECT_EQ((*replies)[2].value(), "0x7a69") << url;
        client.close();
    }
    EXPECT_EQ(http.connections_opened(), 0U);
}

TEST_F(DuplexTest, gets_heads_pushed_when_blocks_are_mined) {
    for (const std::string& url : {ws_of(chain().rpc_url()), "ipc:" + socket_path()}) {
        JsonRpcClient client(http, Endpoint::parse(url).value());
        std::vector<std::string> heads;
        int lost = 0;
        const auto subscription = await(client.subscribe("[\"newHeads\"]", [&](const json& head) { heads.push_back(head.at("hash")); },
                                                         [&](const model::Error&) { ++lost; }));
        ASSERT_TRUE(subscription) << subscription.error().message;
        EXPECT_TRUE(subscription->starts_with("0x"));
        std::vector<std::string> mined;
        for (int i = 0; i < 3; ++i) {
            chain().verb("mine");
            mined.push_back(chain().head().hash.to_string());
        }
        run_until([&] { return heads.size() >= 3; });
        EXPECT_EQ(heads, mined) << url;
        client.close();
        EXPECT_EQ(lost, 0) << "closing is no loss";
    }
    JsonRpcClient client(http, Endpoint::parse(chain().rpc_url()).value());
    const auto refused = await(client.subscribe("[\"newHeads\"]", [](const json&) {}, [](const model::Error&) {}));
    EXPECT_EQ(refused.error().code, ErrorCode::bad_input);
}

TEST_F(DuplexTest, fails_all_that_is_under_way_when_the_connection_breaks_and_makes_another) {
    tests::FaultProxy proxy(chain().rpc_url());
    JsonRpcClient client(http, Endpoint::parse(proxy.ws_url()).value());
    int lost = 0;
    ASSERT_TRUE(await(client.subscribe("[\"newHeads\"]", [](const json&) {}, [&](const model::Error&) { ++lost; })));
    tests::FaultPlan stalled;
    stalled.disruption = tests::Disruption::stall;
    proxy.set(stalled);
    std::vector<asio::awaitable<void>> tasks;
    int failed = 0;
    const auto one = [&]() -> asio::awaitable<void> {
        const auto id = co_await client.call("eth_chainId", "[]");
        if (!id && id.error().code == ErrorCode::unreachable) ++failed;
        EXPECT_FALSE(id);
        EXPECT_EQ(id.error().message.find(tests::FaultProxy::secret), std::string::npos);
    };
    for (int i = 0; i < 20; ++i) tasks.push_back(one());
    const auto before = proxy.record().messages();
    auto all = asio::co_spawn(io, join_all(std::move(tasks)), asio::use_future);
    run_until([&] { return proxy.record().messages() >= before + 20; });
    proxy.close_connections();
    run_until([&] { return all.wait_for(0s) == std::future_status::ready; });
    EXPECT_EQ(failed, 20);
    EXPECT_EQ(lost, 1);
    proxy.set({});
    run_until([&] { return chain_id(client) == "0x7a69"; });
    client.close();
}

TEST_F(DuplexTest, gives_up_a_connection_on_which_nothing_is_heard) {
    tests::FaultProxy proxy(chain().rpc_url());
    JsonRpcClient client(http, Endpoint::parse(proxy.ws_url()).value(), within(300ms));
    EXPECT_EQ(chain_id(client), "0x7a69");
    tests::FaultPlan stalled;
    stalled.disruption = tests::Disruption::stall;
    proxy.set(stalled);
    const auto late = await(client.call("eth_chainId", "[]"));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::unreachable);
    EXPECT_EQ(late.error().retry, Retry::other_endpoint);
    EXPECT_NE(late.error().message.find("no answer within 300 ms"), std::string::npos) << late.error().message;
    proxy.set({});
    run_until([&] { return chain_id(client) == "0x7a69"; });
    client.close();
}

// 1 GiB, 100,000 brackets, 1 MiB that inflates to 1 GiB: over HTTP and over a WebSocket.
TEST_F(DuplexTest, refuses_hostile_replies_at_the_bound_without_holding_them) {
    tests::FaultProxy proxy(chain().rpc_url());
    for (const std::string& url : {proxy.url(), proxy.ws_url()}) {
        JsonRpcClient client(http, Endpoint::parse(url).value());
        ASSERT_EQ(chain_id(client), "0x7a69");
        for (const auto disruption : {tests::Disruption::nested, tests::Disruption::huge, tests::Disruption::gzip_bomb}) {
            tests::FaultPlan plan;
            plan.disruption = disruption;
            plan.methods.emplace_back("eth_chainId");
            proxy.set(plan);
            const std::size_t before = resident();
            const auto id = await(client.call("eth_chainId", "[]"));
            ASSERT_FALSE(id);
            const bool nested = disruption == tests::Disruption::nested;
            EXPECT_EQ(id.error().code, nested ? ErrorCode::upstream : ErrorCode::limit) << id.error().message;
            if (!tests::sanitized) {
                EXPECT_LT(resident(), before + 64) << id.error().message;
            }
            RecordProperty(url.substr(0, 2) + std::string(tests::name(disruption)), static_cast<int>(resident() - std::min(before, resident())));
            proxy.set({});
            run_until([&] { return chain_id(client) == "0x7a69"; });
        }
        client.close();
    }
}

TEST_F(DuplexTest, keeps_to_the_budget_whatever_happens) {
    for (const bool duplex : {false, true}) {
        tests::FaultProxy proxy(chain().rpc_url());
        const std::string url = duplex ? proxy.ws_url() : proxy.url();
        Budget budget;
        budget.requests_per_second = 20;
        JsonRpcClient client(http, Endpoint::parse(url).value(), within(2500ms), budget);
        std::vector<asio::awaitable<void>> tasks;
        int answered = 0;
        int refused = 0;
        const auto one = [&]() -> asio::awaitable<void> {
            const auto id = co_await client.call("eth_chainId", "[]");
            if (id) ++answered;
            else if (id.error().code == ErrorCode::limit && id.error().retry == Retry::later) ++refused;
        };
        for (int i = 0; i < 100; ++i) tasks.push_back(one());
        await(join_all(std::move(tasks)));
        EXPECT_LE(proxy.record().max_in_any_second(), 20U) << url;
        EXPECT_GE(answered, 38) << url;
        EXPECT_EQ(answered + refused, 100) << url;
        client.close();
    }
}

/// A Unix socket whose other end answers each connection with the same bytes.
class UnixServer {
public:
    UnixServer(std::string path, std::string bytes) : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 4) != 0)
            throw std::runtime_error("no Unix socket");
        thread_ = std::thread([this, answer = std::move(bytes)] {
            for (;;) {
                const int connection = ::accept(listener_, nullptr, nullptr);
                if (connection < 0) return;
                char buffer[4096];
                if (::recv(connection, buffer, sizeof buffer, 0) > 0) tests::RawServer::send(connection, answer);
                ::close(connection);
            }
        });
    }
    ~UnixServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    UnixServer(const UnixServer&) = delete;
    UnixServer& operator=(const UnixServer&) = delete;

private:
    int listener_;
    std::thread thread_;
};

TEST_F(DuplexTest, classes_what_is_wrong_on_a_unix_socket) {
    struct Case {
        std::string bytes;
        ErrorCode code;
        Retry retry;
        std::string part;
    };
    const std::vector<Case> cases{
        {R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(100'000, '['), ErrorCode::upstream, Retry::other_endpoint, "nested deeper than 64"},
        {R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(1'000, '1'), ErrorCode::upstream, Retry::other_endpoint, "more than 80 characters"},
        {R"({"jsonrpc":"2.0","id":1,"result":")" + std::string(17 << 20, 'x'), ErrorCode::limit, Retry::never, "longer than 16777216 bytes"},
        {R"({"jsonrpc":"2.0","id":1,"result)", ErrorCode::unreachable, Retry::later, "the connection was closed"},
        {"HTTP/1.1 400 Bad Request\r\n", ErrorCode::unreachable, Retry::later, "not JSON"},
        {R"({"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"rate limit"}})", ErrorCode::limit, Retry::later, "rate limit"},
        {R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}})", ErrorCode::upstream, Retry::other_endpoint, "parse error"},
        {R"([{"jsonrpc":"2.0","id":1,"result":"0x1"}])", ErrorCode::upstream, Retry::other_endpoint, "the body is not a JSON object"},
    };
    for (const Case& c : cases) {
        const Folder folder;
        const std::string path = folder.path / "node.ipc";
        const UnixServer server(path, c.bytes);
        JsonRpcClient client(http, Endpoint::parse("ipc:" + path).value(), within(5s));
        const auto reply = await(client.call("eth_test", "[]"));
        ASSERT_FALSE(reply) << c.part;
        EXPECT_EQ(reply.error().code, c.code) << reply.error().message;
        EXPECT_EQ(reply.error().retry, c.retry) << reply.error().message;
        EXPECT_NE(reply.error().message.find(c.part), std::string::npos) << reply.error().message;
        EXPECT_EQ(reply.error().message.find("ipc:node.ipc: "), 0U) << reply.error().message;
        client.close();
    }
    JsonRpcClient nobody(http, Endpoint::parse("ipc:/no/such/node.ipc").value());
    EXPECT_EQ(await(nobody.call("eth_test", "[]")).error().code, ErrorCode::unreachable);
}

TEST_F(DuplexTest, says_why_a_server_that_serves_no_websocket_refuses) {
    for (const auto& [status, code] : {std::pair<std::string, ErrorCode>{"403 Forbidden", ErrorCode::upstream},
                                       {"429 Too Many Requests", ErrorCode::limit},
                                       {"200 OK", ErrorCode::upstream}}) {
        tests::RawServer server([&](int connection, int) {
            tests::RawServer::read_request(connection);
            tests::RawServer::send(connection, "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
        });
        JsonRpcClient client(http, Endpoint::parse(ws_of(server.url()) + "/SECRET").value());
        const auto reply = await(client.call("eth_test", "[]"));
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, code) << reply.error().message;
        EXPECT_NE(reply.error().message.find("HTTP status " + status.substr(0, 3)), std::string::npos) << reply.error().message;
        EXPECT_EQ(reply.error().message.find("SECRET"), std::string::npos) << reply.error().message;
    }
}

/// Beast's own WebSocket server with TLS; answers each message with a fixed reply to id 1.
class TlsWebSocketServer {
public:
    TlsWebSocketServer(const std::string& certificate, const std::string& key)
        : context_(asio::ssl::context::tls_server), acceptor_(io_, {asio::ip::address_v4::loopback(), 0}) {
        context_.use_certificate_file(certificate, asio::ssl::context::pem);
        context_.use_private_key_file(key, asio::ssl::context::pem);
        thread_ = std::thread([this] {
            for (;;) {
                boost::system::error_code error;
                asio::ip::tcp::socket socket(io_);
                acceptor_.accept(socket, error);
                if (error) return;
                serve(std::move(socket));
            }
        });
    }
    ~TlsWebSocketServer() {
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
    }
    TlsWebSocketServer(const TlsWebSocketServer&) = delete;
    TlsWebSocketServer& operator=(const TlsWebSocketServer&) = delete;
    int port() const { return acceptor_.local_endpoint().port(); }

private:
    void serve(asio::ip::tcp::socket socket) {
        boost::system::error_code error;
        boost::beast::websocket::stream<boost::beast::ssl_stream<asio::ip::tcp::socket>> stream(std::move(socket), context_);
        stream.next_layer().handshake(asio::ssl::stream_base::server, error);
        if (!error) stream.accept(error);
        while (!error) {
            boost::beast::flat_buffer buffer;
            stream.read(buffer, error);
            if (!error) stream.write(asio::buffer(std::string(R"({"jsonrpc":"2.0","id":1,"result":"private"})")), error);
        }
    }
    asio::io_context io_;
    asio::ssl::context context_;
    asio::ip::tcp::acceptor acceptor_;
    std::thread thread_;
};

TEST_F(DuplexTest, trusts_a_websocket_by_its_authority_and_name) {
    const Folder folder;
    const std::string key = folder.path / "key.pem";
    const std::string certificate = folder.path / "certificate.pem";
    const std::string command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test "
                                "-addext subjectAltName=DNS:localhost -keyout " + key + " -out " + certificate + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    const TlsWebSocketServer server(certificate, key);
    HttpOptions options;
    options.ca_file = certificate;
    HttpClient trusting(io.get_executor(), options);
    const std::string port = std::to_string(server.port());
    JsonRpcClient by_name(trusting, Endpoint::parse("wss://localhost:" + port).value());
    const auto private_word = await(by_name.call("eth_test", "[]"));
    ASSERT_TRUE(private_word) << private_word.error().message;
    EXPECT_EQ(*private_word, "private");
    by_name.close();

    JsonRpcClient wrong_name(trusting, Endpoint::parse("wss://127.0.0.1:" + port).value());
    JsonRpcClient unknown_authority(http, Endpoint::parse("wss://localhost:" + port).value());
    for (JsonRpcClient* client : {&wrong_name, &unknown_authority}) {
        const auto refused = await(client->call("eth_test", "[]"));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::unreachable);
        EXPECT_NE(refused.error().message.find("TLS failed: certificate verify failed"), std::string::npos) << refused.error().message;
    }
}

}  // namespace
}  // namespace margind::adapters::rpc
