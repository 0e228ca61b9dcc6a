// A node that fails and lies on command: the server.
#include "tests/support/fault_proxy.hpp"

#include "adapters/rpc/spawn.hpp"
#include "tests/support/fault_answers.hpp"
#include "tests/support/fault_bodies.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <fmt/format.h>

#include <deque>
#include <stdexcept>
#include <thread>
#include <utility>

namespace margind::tests {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

using Stream = std::shared_ptr<beast::tcp_stream>;

constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20;
constexpr std::size_t piece_bytes = std::size_t{64} << 10;
const std::string endless_piece(piece_bytes, '0');

/// One WebSocket client, and the node's WebSocket behind it once it has subscribed.
struct Session {
    explicit Session(Stream connection) : stream(std::move(connection)), client(*stream), wake(stream->get_executor()) {}
    void push(FaultAnswer answer) {
        out.push_back(std::move(answer));
        wake.cancel();
    }
    void close() {
        closed = true;
        wake.cancel();
        error_code ignored;
        stream->socket().close(ignored);
        if (node) node->next_layer().socket().close(ignored);
    }

    Stream stream;
    websocket::stream<beast::tcp_stream&> client;
    std::unique_ptr<websocket::stream<beast::tcp_stream>> node;
    asio::steady_timer wake;
    std::deque<FaultAnswer> out;
    bool closed = false;
};
using SessionPtr = std::shared_ptr<Session>;

std::string head_of(const FaultAnswer& answer) {
    using enum Disruption;
    const std::string& text = answer.how == gzip_bomb ? gzip_bomb_body() : answer.text;
    std::string status = "200 OK";
    std::string more;
    std::string length = fmt::format("Content-Length: {}\r\n", text.size());
    if (answer.how == too_many_requests) {
        status = "429 Too Many Requests";
        more = "Retry-After: 1\r\n";
    }
    if (answer.how == server_error) status = "500 Internal Server Error";
    if (answer.how == gzip_bomb) more = "Content-Encoding: gzip\r\n";
    // By turns: said beforehand, and found while the bytes arrive.
    if (answer.how == huge) length = answer.message % 2 == 0 ? fmt::format("Content-Length: {}\r\n", huge_bytes) : "Transfer-Encoding: chunked\r\n";
    const bool page = answer.how == html || answer.how == server_error;
    return fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\n{}{}\r\n", status, page ? "text/html" : "application/json", more, length);
}

std::string chunk(const std::string& text) { return fmt::format("{:x}\r\n{}\r\n", text.size(), text); }

}  // namespace

class FaultProxy::Impl {
public:
    Impl(std::uint16_t node_port, FaultPlan plan)
        : node_port_(node_port), answers_(io_, node_port, std::move(plan)), acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        spawn(accept());
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Impl() {
        io_.stop();
        thread_.join();
    }
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    FaultAnswers& answers() { return answers_; }
    void close_connections() {
        asio::post(io_, [this] {
            for (const auto& connection : connections_)
                if (const Stream stream = connection.lock()) {
                    error_code ignored;
                    stream->socket().close(ignored);
                }
            connections_.clear();
        });
    }

private:
    void spawn(asio::awaitable<void> task);
    asio::awaitable<void> accept();
    asio::awaitable<void> serve(Stream stream);
    asio::awaitable<bool> deliver(Stream stream, FaultAnswer answer);
    asio::awaitable<void> deliver_endless(Stream stream, FaultAnswer answer);
    asio::awaitable<void> serve_websocket(Stream stream, http::request<http::string_body> request);
    asio::awaitable<void> write_all(SessionPtr session);
    asio::awaitable<void> deliver_websocket(SessionPtr session, FaultAnswer answer);
    asio::awaitable<void> answer_websocket(SessionPtr session, std::string text);
    asio::awaitable<void> subscribe(SessionPtr session, std::string text);
    asio::awaitable<void> read_node(SessionPtr session);

    std::uint16_t node_port_;
    std::vector<std::weak_ptr<beast::tcp_stream>> connections_;
    asio::io_context io_;
    FaultAnswers answers_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

void FaultProxy::Impl::spawn(asio::awaitable<void> task) {
    adapters::rpc::spawn(io_.get_executor(), std::move(task), [this](std::exception_ptr thrown) {
        if (!thrown) return;
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& error) {
            answers_.record().failed(error.what());
        }
    });
}

asio::awaitable<void> FaultProxy::Impl::accept() {
    for (;;) {
        auto stream = std::make_shared<beast::tcp_stream>(io_);
        error_code error;
        co_await acceptor_.async_accept(stream->socket(), asio::redirect_error(asio::use_awaitable, error));
        if (error) continue;
        stream->socket().set_option(tcp::no_delay(true), error);
        std::erase_if(connections_, [](const auto& connection) { return connection.expired(); });
        connections_.push_back(stream);
        spawn(serve(std::move(stream)));
    }
}

asio::awaitable<void> FaultProxy::Impl::serve(Stream stream) {
    beast::flat_buffer buffer;
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(most_bytes);
        error_code error;
        co_await http::async_read(*stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return;
        const bool keep = parser.get().keep_alive();
        if (websocket::is_upgrade(parser.get())) {
            co_await serve_websocket(std::move(stream), parser.release());
            co_return;
        }
        FaultAnswer reply = co_await answers_.answer(std::move(parser.get().body()));
        const bool open = co_await deliver(stream, std::move(reply));
        if (!open || !keep) co_return;
    }
}

asio::awaitable<bool> FaultProxy::Impl::deliver(Stream stream, FaultAnswer answer) {
    error_code error;
    if (answer.how == Disruption::drop_before) co_return false;
    if (answer.how == Disruption::stall) {
        char byte = 0;
        co_await stream->async_read_some(asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, error));
        co_return false;
    }
    std::string text = head_of(answer);
    if (answer.how == Disruption::huge) {
        co_await asio::async_write(*stream, asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
        if (!error) co_await deliver_endless(stream, std::move(answer));
        co_return false;
    }
    const std::string& body = answer.how == Disruption::gzip_bomb ? gzip_bomb_body() : answer.text;
    text.append(body, 0, answer.how == Disruption::drop_inside ? body.size() / 2 : body.size());
    co_await asio::async_write(*stream, asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
    co_return !error && answer.how != Disruption::drop_inside;
}

asio::awaitable<void> FaultProxy::Impl::deliver_endless(Stream stream, FaultAnswer answer) {
    const bool chunked = answer.message % 2 != 0;
    const std::string first = chunked ? chunk(answer.text) : answer.text;
    const std::string piece = chunked ? chunk(endless_piece) : endless_piece;
    error_code error;
    co_await asio::async_write(*stream, asio::buffer(first), asio::redirect_error(asio::use_awaitable, error));
    for (std::size_t sent = answer.text.size(); !error && sent + piece_bytes <= huge_bytes; sent += piece_bytes)
        co_await asio::async_write(*stream, asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
}

asio::awaitable<void> FaultProxy::Impl::serve_websocket(Stream stream, http::request<http::string_body> request) {
    const auto session = std::make_shared<Session>(std::move(stream));
    session->client.read_message_max(most_bytes);
    error_code error;
    co_await session->client.async_accept(request, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    session->client.text(true);
    spawn(write_all(session));
    for (;;) {
        beast::flat_buffer buffer;
        co_await session->client.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        std::string text = beast::buffers_to_string(buffer.data());
        if (text.find("eth_subscribe") != std::string::npos) {
            co_await subscribe(session, std::move(text));
        } else {
            spawn(answer_websocket(session, std::move(text)));
        }
    }
    session->close();
}

asio::awaitable<void> FaultProxy::Impl::answer_websocket(SessionPtr session, std::string text) {
    FaultAnswer reply = co_await answers_.answer(std::move(text));
    session->push(std::move(reply));
}

asio::awaitable<void> FaultProxy::Impl::subscribe(SessionPtr session, std::string text) {
    const auto [message, how] = answers_.take(text);
    if (how != Disruption::none) {
        FaultAnswer out;
        out.how = how;
        out.id = message.id();
        out.text = disrupted_text(how, message, "{}");
        session->push(std::move(out));
        co_return;
    }
    error_code error;
    if (session->node == nullptr) {
        session->node = std::make_unique<websocket::stream<beast::tcp_stream>>(io_);
        const tcp::endpoint node(asio::ip::address_v4::loopback(), node_port_);
        co_await session->node->next_layer().async_connect(node, asio::redirect_error(asio::use_awaitable, error));
        if (!error) co_await session->node->async_handshake("127.0.0.1", "/", asio::redirect_error(asio::use_awaitable, error));
        if (!error) spawn(read_node(session));
    }
    if (!error) co_await session->node->async_write(asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
    if (error) session->close();
}

asio::awaitable<void> FaultProxy::Impl::read_node(SessionPtr session) {
    while (!session->closed) {
        beast::flat_buffer buffer;
        error_code error;
        co_await session->node->async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        std::string text = beast::buffers_to_string(buffer.data());
        std::optional<std::string> passed;
        if (text.find("eth_subscription") == std::string::npos) {
            passed = std::move(text);
        } else {
            passed = co_await answers_.head(std::move(text));
        }
        if (!passed) continue;
        FaultAnswer out;
        out.text = std::move(*passed);
        session->push(std::move(out));
    }
    session->close();
}

asio::awaitable<void> FaultProxy::Impl::write_all(SessionPtr session) {
    while (!session->closed) {
        if (session->out.empty()) {
            error_code ignored;
            session->wake.expires_at(asio::steady_timer::time_point::max());
            co_await session->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            continue;
        }
        FaultAnswer next = std::move(session->out.front());
        session->out.pop_front();
        co_await deliver_websocket(session, std::move(next));
    }
}

asio::awaitable<void> FaultProxy::Impl::deliver_websocket(SessionPtr session, FaultAnswer answer) {
    error_code error;
    switch (answer.how) {
        case Disruption::stall: co_return;
        case Disruption::drop_before: session->close(); co_return;
        case Disruption::drop_inside:
            answer.text.resize(answer.text.size() / 2);
            co_await session->client.async_write_some(false, asio::buffer(answer.text), asio::redirect_error(asio::use_awaitable, error));
            session->close();
            co_return;
        case Disruption::huge:
        case Disruption::gzip_bomb: {
            const std::string first = endless_answer(answer.id);
            co_await session->client.async_write_some(false, asio::buffer(first), asio::redirect_error(asio::use_awaitable, error));
            for (std::size_t sent = first.size(); !error && sent < huge_bytes; sent += piece_bytes)
                co_await session->client.async_write_some(false, asio::buffer(endless_piece), asio::redirect_error(asio::use_awaitable, error));
            session->close();
            co_return;
        }
        default: break;
    }
    co_await session->client.async_write(asio::buffer(answer.text), asio::redirect_error(asio::use_awaitable, error));
    if (error) session->close();
}

namespace {

std::uint16_t port_of(const std::string& url) {
    const std::size_t colon = url.rfind(':');
    const int port = colon == std::string::npos ? 0 : std::atoi(url.c_str() + colon + 1);
    if (port <= 0 || port > 65535) throw std::runtime_error("fault proxy: no port in " + url);
    return static_cast<std::uint16_t>(port);
}

}  // namespace

FaultProxy::FaultProxy(const std::string& node, FaultPlan plan) : impl_(std::make_unique<Impl>(port_of(node), std::move(plan))) {}
FaultProxy::~FaultProxy() = default;

std::string FaultProxy::url() const { return fmt::format("http://127.0.0.1:{}/{}", port(), secret); }
std::string FaultProxy::ws_url() const { return fmt::format("ws://127.0.0.1:{}/{}", port(), secret); }
int FaultProxy::port() const { return impl_->port(); }
void FaultProxy::set(FaultPlan plan) { impl_->answers().set(std::move(plan)); }
FaultPlan FaultProxy::plan() const { return *impl_->answers().plan(); }
void FaultProxy::close_connections() { impl_->close_connections(); }
const FaultRecord& FaultProxy::record() const { return impl_->answers().record(); }

}  // namespace margind::tests
