// The node behind a FaultProxy, asked over kept connections by a client that is not the project's own.
#include "tests/support/fault_upstream.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <utility>

namespace margind::tests {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr std::chrono::seconds answered_within{60};
constexpr std::uint64_t most_bytes = std::uint64_t{256} << 20;

}  // namespace

struct Upstream::Connection {
    explicit Connection(asio::io_context& io) : stream(io) {}
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
};

Upstream::Upstream(asio::io_context& io, std::uint16_t port) : io_(io), port_(port) {}
Upstream::~Upstream() = default;

asio::awaitable<std::unique_ptr<Upstream::Connection>> Upstream::open() {
    auto connection = std::make_unique<Connection>(io_);
    const tcp::endpoint node(asio::ip::address_v4::loopback(), port_);
    error_code error;
    connection->stream.expires_after(answered_within);
    co_await connection->stream.async_connect(node, asio::redirect_error(asio::use_awaitable, error));
    if (error) connection.reset();
    co_return connection;
}

asio::awaitable<std::optional<std::string>> Upstream::exchange(std::string body) {
    http::request<http::string_body> request(http::verb::post, "/", 11, std::move(body));
    request.set(http::field::host, "127.0.0.1");
    request.set(http::field::content_type, "application/json");
    request.prepare_payload();
    for (;;) {
        std::unique_ptr<Connection> connection;
        const bool kept = !idle_.empty();
        if (kept) {
            connection = std::move(idle_.back());
            idle_.pop_back();
        } else {
            connection = co_await open();
        }
        if (connection == nullptr) co_return std::nullopt;
        error_code error;
        connection->stream.expires_after(answered_within);
        co_await http::async_write(connection->stream, request, asio::redirect_error(asio::use_awaitable, error));
        http::response_parser<http::string_body> parser;
        parser.body_limit(most_bytes);
        if (!error) co_await http::async_read(connection->stream, connection->buffer, parser, asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            std::optional<std::string> answer(std::move(parser.get().body()));
            if (parser.keep_alive()) idle_.push_back(std::move(connection));
            co_return answer;
        }
        // A kept connection may be one that the node has closed.
        if (!kept) co_return std::nullopt;
    }
}

}  // namespace margind::tests
