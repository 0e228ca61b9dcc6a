// JSON texts as the messages of a WebSocket, plain or TLS, on Boost.Beast. Kept apart for what it costs to compile.
#include "adapters/rpc/channel.hpp"
#include "adapters/rpc/dial.hpp"
#include "adapters/rpc/json_bounds.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace margind::adapters::rpc {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace ssl = asio::ssl;
using boost::system::error_code;
using model::ErrorCode;
using model::Retry;

using Plain = beast::tcp_stream;
/// Not Beast's own TLS stream: clang finds its teardown ambiguous.
using Tls = ssl::stream<beast::tcp_stream>;

/// A connection on which nothing was heard for so long, a pong neither, is dead.
constexpr std::chrono::seconds longest_silence{30};

model::Error declined(const std::string& name, unsigned status) {
    if (status == 429) return {ErrorCode::limit, fmt::format("{}: HTTP status 429: rate limit", name), Retry::later};
    if (status == 401 || status == 403)
        return {ErrorCode::upstream, fmt::format("{}: HTTP status {}: access refused, check the endpoint's key", name, status),
                Retry::other_endpoint};
    return {ErrorCode::upstream, fmt::format("{}: HTTP status {}: no WebSocket is served there", name, status), Retry::other_endpoint};
}

template <class Layer>
class Socket final : public Channel {
public:
    template <class... Arguments>
    Socket(const Endpoint& endpoint, std::shared_ptr<Dialer> dialer, Arguments&&... arguments)
        : endpoint_(endpoint), name_(endpoint.shown()), dialer_(std::move(dialer)), stream_(std::forward<Arguments>(arguments)...) {}

    asio::awaitable<model::Result<void>> open(Clock::time_point until) override {
        Plain& lowest = beast::get_lowest_layer(stream_);
        const Addresses found = co_await Dialer::look_up(dialer_, endpoint_, until);
        if (found.error) co_return model::fail(lost(found.error, Retry::other_endpoint));
        error_code error;
        lowest.expires_at(until);
        co_await lowest.async_connect(found.results, asio::redirect_error(asio::use_awaitable, error));
        if (!error) lowest.socket().set_option(asio::ip::tcp::no_delay(true), error);
        if constexpr (std::is_same_v<Layer, Tls>) {
            if (!error) error = set_server_name(stream_.next_layer().native_handle(), endpoint_);
            if (!error) {
                stream_.next_layer().set_verify_callback(ssl::host_name_verification(endpoint_.host));
                co_await stream_.next_layer().async_handshake(ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, error));
            }
        }
        if (error) {
            dialer_->doubt(endpoint_);
            co_return model::fail(lost(error, Retry::other_endpoint));
        }
        prepare(until);
        websocket::response_type response;
        const std::string host = endpoint_.authority();
        co_await stream_.async_handshake(response, host, endpoint_.target, asio::redirect_error(asio::use_awaitable, error));
        if (error == websocket::error::upgrade_declined) co_return model::fail(declined(name_, response.result_int()));
        if (error) co_return model::fail(lost(error, Retry::other_endpoint));
        co_return model::Result<void>();
    }

    asio::awaitable<model::Result<void>> send(const std::string& message) override {
        error_code error;
        co_await stream_.async_write(asio::buffer(message), asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return model::fail(lost(error, Retry::later));
        co_return model::Result<void>();
    }

    asio::awaitable<Received> receive() override {
        Received out;
        JsonBounds bounds;
        beast::flat_buffer buffer(reply_limits.bytes + 1);
        for (;;) {
            error_code error;
            const std::size_t size = co_await stream_.async_read_some(buffer, 65'536, asio::redirect_error(asio::use_awaitable, error));
            const auto held = buffer.data();
            const std::string_view text(static_cast<const char*>(held.data()), held.size());
            if (error) out.error = refused(error);
            else check(bounds, text.substr(text.size() - size), out);
            if (!out.error && !stream_.is_message_done()) continue;
            // Of a message that is refused no more is needed than whom it was for.
            out.text = text.substr(0, out.error ? 4096 : text.size());
            co_return out;
        }
    }

    void close() override {
        error_code ignored;
        beast::get_lowest_layer(stream_).socket().close(ignored);
    }

private:
    void prepare(Clock::time_point until) {
        // From here on the WebSocket's own timers count.
        beast::get_lowest_layer(stream_).expires_never();
        websocket::stream_base::timeout timeout{};
        timeout.handshake_timeout = std::max(until - Clock::now(), Clock::duration(std::chrono::milliseconds(1)));
        timeout.idle_timeout = longest_silence;
        timeout.keep_alive_pings = true;
        stream_.set_option(timeout);
        stream_.read_message_max(reply_limits.bytes);
        std::string authorization;
        if (!endpoint_.user_info.empty()) authorization = basic_authorization(endpoint_);
        stream_.set_option(websocket::stream_base::decorator([authorization](websocket::request_type& request) {
            request.set(http::field::user_agent, "margind");
            if (!authorization.empty()) request.set(http::field::authorization, authorization);
        }));
    }

    void check(JsonBounds& bounds, std::string_view piece, Received& out) const {
        if (!bounds.complete()) piece.remove_prefix(bounds.take(piece));
        if (bounds.breach() != JsonBreach::none) out.error = to_error(bounds.breach(), reply_limits);
        else if (bounds.complete() && piece.find_first_not_of(" \t\r\n") != std::string_view::npos)
            out.error = model::Error{ErrorCode::upstream, "the reply is refused: bytes behind the JSON text", Retry::other_endpoint};
        if (out.error) out.error->message = name_ + ": " + out.error->message;
    }

    model::Error refused(const error_code& error) const {
        if (error != websocket::error::message_too_big && error != websocket::error::buffer_overflow) return lost(error, Retry::later);
        model::Error out = to_error(JsonBreach::bytes, reply_limits);
        out.message = name_ + ": " + out.message;
        return out;
    }

    model::Error lost(const error_code& error, Retry retry) const {
        if (error == websocket::error::closed || error == asio::error::eof)
            return {ErrorCode::unreachable, fmt::format("{}: the connection was closed", name_), retry};
        if (error == beast::error::timeout || error == asio::error::timed_out)
            return {ErrorCode::unreachable, fmt::format("{}: nothing was heard in time", name_), Retry::other_endpoint};
        if (error.category() == asio::error::get_ssl_category() || error.category() == ssl::error::get_stream_category())
            return {ErrorCode::unreachable, fmt::format("{}: TLS failed: {}", name_, error.message()), Retry::other_endpoint};
        return {ErrorCode::unreachable, fmt::format("{}: {}", name_, error.message()), retry};
    }

    Endpoint endpoint_;
    std::string name_;
    std::shared_ptr<Dialer> dialer_;
    websocket::stream<Layer> stream_;
};

}  // namespace

std::shared_ptr<Channel> make_websocket(asio::any_io_executor executor, const Endpoint& endpoint, std::shared_ptr<Dialer> dialer) {
    if (!endpoint.tls()) return std::make_shared<Socket<Plain>>(endpoint, std::move(dialer), executor);
    ssl::context& tls = dialer->tls();
    return std::make_shared<Socket<Tls>>(endpoint, std::move(dialer), executor, tls);
}

}  // namespace margind::adapters::rpc
