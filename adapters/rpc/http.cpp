// The one HTTP client, on Boost.Beast.
#include "adapters/rpc/http.hpp"

#include "adapters/rpc/body.hpp"
#include "adapters/rpc/dial.hpp"
#include "adapters/rpc/retry_after.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>
#include <vector>
#include <variant>

namespace margind::adapters::rpc {

namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using model::ErrorCode;
using model::Retry;

namespace {

using Request = http::request<http::string_body>;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Connection = std::variant<PlainStream, TlsStream>;

/// What one request on one connection came to.
struct Attempt {
    error_code error;
    /// Nothing of a reply was seen: the server may have closed a kept connection before it read the request.
    bool unanswered = false;
    bool keep = false;
    /// The reply broke a bound; `error` is empty then.
    std::optional<model::Error> refused;
    HttpResponse response;
};

model::Error to_error(const Endpoint& endpoint, const error_code& code, const HttpLimits& limits) {
    const std::string name = endpoint.shown();
    if (code == beast::error::timeout || code == asio::error::timed_out)
        return {ErrorCode::unreachable, fmt::format("{}: no answer within {} ms", name, limits.total.count()),
                Retry::other_endpoint};
    if (code == http::error::body_limit)
        return {ErrorCode::limit, fmt::format("{}: the reply is longer than {} bytes", name, limits.max_body),
                Retry::never};
    if (code == http::error::header_limit || code == http::error::buffer_overflow)
        return {ErrorCode::limit, fmt::format("{}: the reply's header is longer than {} bytes", name, limits.max_header),
                Retry::other_endpoint};
    if (code == http::error::end_of_stream || code == http::error::partial_message || code == asio::error::eof)
        return {ErrorCode::unreachable, fmt::format("{}: the connection was closed before the reply was complete", name),
                Retry::later};
    if (code.category() == http::make_error_code(http::error::bad_version).category())
        return {ErrorCode::upstream, fmt::format("{}: the reply is not HTTP ({})", name, code.message()),
                Retry::other_endpoint};
    if (code.category() == asio::error::get_ssl_category() || code.category() == ssl::error::get_stream_category())
        return {ErrorCode::unreachable, fmt::format("{}: TLS failed: {}", name, code.message()), Retry::other_endpoint};
    return {ErrorCode::unreachable, fmt::format("{}: {}", name, code.message()), Retry::later};
}

model::Error connect_error(const Endpoint& endpoint, const error_code& code, const HttpLimits& limits) {
    if (code == beast::error::timeout)
        return {ErrorCode::unreachable,
                fmt::format("{}: no connection within {} ms", endpoint.shown(), std::min(limits.connect, limits.total).count()),
                Retry::other_endpoint};
    model::Error error = to_error(endpoint, code, limits);
    error.retry = Retry::other_endpoint;
    return error;
}

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

void take_header(HttpResponse& response, const http::response<http::buffer_body>& message) {
    response.status = message.result_int();
    response.content_type = view(message[http::field::content_type]);
    response.retry_after = parse_retry_after(view(message[http::field::retry_after]), std::chrono::system_clock::now());
}

template <class Stream>
asio::awaitable<Attempt> exchange(Stream& stream, const Request& request, const HttpLimits& limits, bool json) {
    Attempt out;
    const Clock::time_point start = Clock::now();
    // A server that refuses a long request may say so, and close, before it has read all of it.
    error_code unsent;
    co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, unsent));
    // Left to itself the buffer takes 512 bytes at a time: two thousand reads for a megabyte.
    constexpr std::size_t at_a_time = 64 * 1024;
    beast::flat_buffer buffer;
    buffer.reserve(at_a_time);
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(limits.max_body);
    parser.header_limit(limits.max_header);
    co_await http::async_read_header(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, out.error));
    out.unanswered = out.error && !parser.got_some();
    if (out.error && unsent) out.error = unsent;
    if (out.error) co_return out;
    auto& message = parser.get();
    take_header(out.response, message);

    std::optional<model::JsonLimits> bounds;
    if (json) bounds = reply_limits;
    Body body(limits.max_body, bounds);
    model::Result<void> kept;
    const std::string_view encoding = view(message[http::field::content_encoding]);
    if (!body.set_encoding(encoding))
        kept = model::fail(ErrorCode::upstream, fmt::format("the reply is encoded as \"{:.40}\"", encoding), Retry::other_endpoint);
    const auto piece = std::make_unique<std::array<char, 65'536>>();
    while (kept && !parser.is_done() && !body.hopeless()) {
        message.body().data = piece->data();
        message.body().size = piece->size();
        message.body().more = false;
        co_await http::async_read_some(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, out.error));
        if (out.error == http::error::need_buffer) out.error.clear();
        if (out.error) co_return out;
        kept = body.take(std::string_view(piece->data(), piece->size() - message.body().size));
    }
    if (kept && parser.is_done()) kept = body.finish();
    if (!kept) out.refused = std::move(kept).error();
    out.keep = !unsent && kept && parser.is_done() && parser.keep_alive() && buffer.size() == 0;
    out.response.body = std::move(body).text();
    out.response.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    co_return out;
}

asio::awaitable<error_code> connect(PlainStream& stream, std::shared_ptr<Dialer> dialer, const Endpoint& endpoint, Clock::time_point until) {
    const Addresses found = co_await Dialer::look_up(std::move(dialer), endpoint, until);
    error_code error = found.error;
    if (error) co_return error;
    stream.expires_at(until);
    co_await stream.async_connect(found.results, asio::redirect_error(asio::use_awaitable, error));
    if (!error) stream.socket().set_option(tcp::no_delay(true), error);
    co_return error;
}

asio::awaitable<error_code> handshake(TlsStream& stream, const Endpoint& endpoint) {
    error_code error = set_server_name(stream.native_handle(), endpoint);
    if (error) co_return error;
    stream.set_verify_callback(ssl::host_name_verification(endpoint.host));
    co_await stream.async_handshake(ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
}

model::Error prefixed(const std::string& name, model::Error error) {
    error.message = name + ": " + error.message;
    return error;
}

/// Nothing has come that was not asked for: a second answer would be taken for that to the next request, of another chain maybe.
bool is_quiet(Connection& connection) {
    error_code error;
    const std::size_t waiting = std::visit([&](auto& stream) { return beast::get_lowest_layer(stream).socket().available(error); }, connection);
    return !error && waiting == 0;
}

bool is_header_text(const std::string& text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

class HttpClient::Impl {
public:
    Impl(asio::any_io_executor executor, const HttpOptions& options)
        : executor_(std::move(executor)), options_(options), dialer_(std::make_shared<Dialer>(executor_, options_.ca_file)) {}

    /// `pacer`: JSON-RPC.
    static asio::awaitable<model::Result<HttpResponse>> ask(std::shared_ptr<Impl> self, http::verb verb, Endpoint endpoint, HttpHeaders headers,
                                                            std::string body, HttpLimits limits, Pacer* pacer, Cost cost);
    const asio::any_io_executor& executor() const { return executor_; }
    const std::shared_ptr<Dialer>& dialer() const { return dialer_; }
    std::uint64_t opened() const { return opened_; }

private:
    using Opened = model::Result<std::unique_ptr<Connection>>;
    struct Idle {
        std::unique_ptr<Connection> connection;
        Clock::time_point since;
    };

    asio::awaitable<Opened> open(const Endpoint& endpoint, const HttpLimits& limits, Clock::time_point deadline);
    static asio::awaitable<Attempt> send(Connection& connection, const Request& request, const HttpLimits& limits,
                                         Clock::time_point deadline, bool json);
    std::unique_ptr<Connection> take_idle(const std::string& key);
    void keep_idle(const std::string& key, std::unique_ptr<Connection> connection);

    asio::any_io_executor executor_;
    HttpOptions options_;
    std::shared_ptr<Dialer> dialer_;
    std::map<std::string, std::vector<Idle>> idle_;
    std::uint64_t opened_ = 0;
};

asio::awaitable<model::Result<HttpResponse>> HttpClient::Impl::ask(std::shared_ptr<Impl> self, http::verb verb, Endpoint endpoint, HttpHeaders headers,
                                                                   std::string body, HttpLimits limits, Pacer* pacer, Cost cost) {
    const Clock::time_point deadline = Clock::now() + limits.total;
    const std::string key = endpoint.shown();
    if (!endpoint.is_http()) co_return model::fail(ErrorCode::bad_input, fmt::format("{}: an http or https URL is needed", key));
    Request request(verb, endpoint.target, 11, std::move(body));
    request.set(http::field::host, endpoint.authority());
    request.set(http::field::user_agent, "margind");
    if (!endpoint.user_info.empty()) request.set(http::field::authorization, basic_authorization(endpoint));
    for (const auto& [name, value] : headers) {
        if (name.empty() || !is_header_text(name) || !is_header_text(value))
            co_return model::fail(ErrorCode::bad_input, fmt::format("{}: header \"{}\" holds a line break", key, name));
        request.set(name, value);
    }
    request.prepare_payload();

    for (;;) {
        std::optional<Pacer::Turn> turn;
        if (pacer != nullptr) {
            turn.emplace(*pacer, cost);
            const auto allowed = co_await turn->wait(deadline);
            if (!allowed) co_return model::fail(prefixed(key, allowed.error()));
        }
        std::unique_ptr<Connection> connection = self->take_idle(key);
        const bool reused = connection != nullptr;
        if (!reused) {
            Opened opened = co_await self->open(endpoint, limits, deadline);
            if (!opened) co_return model::fail(std::move(opened).error());
            connection = std::move(*opened);
            if (turn) {
                // Opening took its time; what leaves is counted when it leaves.
                const auto allowed = co_await turn->wait(deadline);
                if (!allowed) co_return model::fail(prefixed(key, allowed.error()));
            }
        }
        Attempt attempt = co_await send(*connection, request, limits, deadline, pacer != nullptr);
        if (attempt.refused) co_return model::fail(prefixed(key, *attempt.refused));
        if (!attempt.error) {
            if (attempt.keep) self->keep_idle(key, std::move(connection));
            co_return std::move(attempt.response);
        }
        if (!reused || !attempt.unanswered || attempt.error == beast::error::timeout)
            co_return model::fail(to_error(endpoint, attempt.error, limits));
        // A server that closed one kept connection has closed them all: restarted, or idle for too long.
        self->idle_.erase(key);
    }
}

asio::awaitable<HttpClient::Impl::Opened> HttpClient::Impl::open(const Endpoint& endpoint, const HttpLimits& limits,
                                                                 Clock::time_point deadline) {
    const Clock::time_point until = std::min(deadline, Clock::now() + limits.connect);
    auto connection = endpoint.tls() ? std::make_unique<Connection>(std::in_place_type<TlsStream>, executor_, dialer_->tls())
                                   : std::make_unique<Connection>(std::in_place_type<PlainStream>, executor_);
    auto* tls = std::get_if<TlsStream>(connection.get());
    PlainStream& plain = tls != nullptr ? tls->next_layer() : std::get<PlainStream>(*connection);
    error_code error = co_await connect(plain, dialer_, endpoint, until);
    if (!error && tls != nullptr) error = co_await handshake(*tls, endpoint);
    if (error) {
        dialer_->doubt(endpoint);
        co_return model::fail(connect_error(endpoint, error, limits));
    }
    ++opened_;
    co_return std::move(connection);
}

asio::awaitable<Attempt> HttpClient::Impl::send(Connection& connection, const Request& request, const HttpLimits& limits,
                                                Clock::time_point deadline, bool json) {
    if (auto* tls = std::get_if<TlsStream>(&connection)) {
        tls->next_layer().expires_at(deadline);
        Attempt attempt = co_await exchange(*tls, request, limits, json);
        co_return attempt;
    }
    PlainStream& plain = std::get<PlainStream>(connection);
    plain.expires_at(deadline);
    Attempt attempt = co_await exchange(plain, request, limits, json);
    co_return attempt;
}

std::unique_ptr<Connection> HttpClient::Impl::take_idle(const std::string& key) {
    const auto found = idle_.find(key);
    if (found == idle_.end()) return nullptr;
    std::vector<Idle>& list = found->second;
    const Clock::time_point oldest = Clock::now() - options_.max_idle;
    std::erase_if(list, [&](const Idle& idle) { return idle.since < oldest; });
    while (!list.empty()) {
        std::unique_ptr<Connection> connection = std::move(list.back().connection);
        list.pop_back();
        if (is_quiet(*connection)) return connection;
    }
    return nullptr;
}

void HttpClient::Impl::keep_idle(const std::string& key, std::unique_ptr<Connection> connection) {
    std::vector<Idle>& list = idle_[key];
    if (list.size() >= options_.max_idle_per_host) return;
    list.push_back({std::move(connection), Clock::now()});
}

HttpClient::HttpClient(asio::any_io_executor executor, const HttpOptions& options)
    : impl_(std::make_shared<Impl>(std::move(executor), options)) {}

HttpClient::~HttpClient() = default;

asio::awaitable<model::Result<HttpResponse>> HttpClient::post(Endpoint endpoint, HttpHeaders headers, std::string body,
                                                              HttpLimits limits) {
    return Impl::ask(impl_, http::verb::post, std::move(endpoint), std::move(headers), std::move(body), limits, nullptr, {});
}

asio::awaitable<model::Result<HttpResponse>> HttpClient::get(Endpoint endpoint, HttpLimits limits) {
    HttpHeaders headers;
    headers.emplace_back("Accept", "application/json");
    headers.emplace_back("Accept-Encoding", "gzip, deflate");
    return Impl::ask(impl_, http::verb::get, std::move(endpoint), std::move(headers), {}, limits, nullptr, {});
}

asio::awaitable<model::Result<HttpResponse>> HttpClient::post_json(Endpoint endpoint, std::string body, HttpLimits limits, Pacer& pacer,
                                                                   Cost cost) {
    HttpHeaders headers;
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Accept", "application/json");
    headers.emplace_back("Accept-Encoding", "gzip, deflate");
    return Impl::ask(impl_, http::verb::post, std::move(endpoint), std::move(headers), std::move(body), limits, &pacer, cost);
}

const asio::any_io_executor& HttpClient::executor() const { return impl_->executor(); }

const std::shared_ptr<Dialer>& HttpClient::dialer() const { return impl_->dialer(); }

std::uint64_t HttpClient::connections_opened() const { return impl_->opened(); }

}  // namespace margind::adapters::rpc
