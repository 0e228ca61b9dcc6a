// A JSON-RPC client of one endpoint, over HTTP, a WebSocket or a Unix socket.
#include "adapters/rpc/json_rpc.hpp"

#include "adapters/rpc/duplex.hpp"
#include "adapters/rpc/json_rpc_reply.hpp"
#include "risk/model/json_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;
using Clock = std::chrono::steady_clock;

/// A server cannot silence us for longer than this.
constexpr std::chrono::seconds longest_wait{60};

std::string request_text(std::uint64_t id, std::string_view method, std::string_view params) {
    std::string out = fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":)", id, method);
    out += params;
    out += '}';
    return out;
}

Cost cost_of(std::string_view method) { return {1, compute_units(method)}; }

/// An object; for a batch an array too.
bool is_json_answer(const HttpResponse& response, bool batch) {
    const std::size_t first = response.body.find_first_not_of(" \t\r\n");
    return first != std::string::npos && (response.body[first] == '{' || (batch && response.body[first] == '['));
}

/// Null when the body is to be read: 200, and the statuses that servers put on JSON-RPC errors.
std::optional<model::Error> status_error(const HttpResponse& response, const std::string& who, bool batch) {
    const bool json = is_json_answer(response, batch);
    const auto error = [&](ErrorCode code, std::string_view what, Retry retry) {
        return model::Error{code, fmt::format("{}: HTTP status {}: {}", who, response.status, what), retry};
    };
    if (response.status == 429)
        return error(ErrorCode::limit,
                     response.retry_after ? fmt::format("rate limit, to be asked again after {} s", response.retry_after->count())
                                          : "rate limit",
                     Retry::later);
    if (response.status == 401 || response.status == 403)
        return error(ErrorCode::upstream, "access refused, check the endpoint's key", Retry::other_endpoint);
    if (response.status >= 300 && response.status < 400)
        return error(ErrorCode::upstream, "redirects are not followed, configure the final URL", Retry::other_endpoint);
    if (response.status == 413) return error(ErrorCode::limit, "the request is too long for the server", Retry::never);
    if (batch && !json && (response.status == 400 || response.status == 415 || response.status == 422))
        return error(ErrorCode::limit, "the server takes no batch", Retry::never);
    if (response.status != 200 && !json)
        return error(ErrorCode::upstream, "no JSON-RPC answer", response.status >= 500 ? Retry::later : Retry::other_endpoint);
    if (!json)
        return error(ErrorCode::upstream, fmt::format("the body is not a JSON object (content type \"{:.60}\")", response.content_type),
                     Retry::other_endpoint);
    return std::nullopt;
}

template <class T>
model::Result<T> discreet(const Endpoint& endpoint, model::Result<T> answer) {
    if (!answer) answer.error().message = endpoint.without_secrets(std::move(answer.error().message));
    return answer;
}

}  // namespace

/// What a client and those made of it by within() have in common.
struct JsonRpcClient::Shared {
    Shared(HttpClient& by, Endpoint of, Budget budget)
        : http(by), endpoint(std::move(of)), pacer(std::make_shared<Pacer>(by.executor(), budget)) {
        if (!endpoint.is_http()) duplex = std::make_shared<Duplex>(by.executor(), endpoint, by.dialer(), pacer);
    }
    ~Shared() {
        if (duplex) duplex->close();
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    HttpClient& http;
    Endpoint endpoint;
    std::shared_ptr<Pacer> pacer;
    /// Null over HTTP.
    std::shared_ptr<Duplex> duplex;
    Latencies latencies;
    std::uint64_t last_id = 0;
    /// Set by a 429 with Retry-After: until then requests fail without being sent.
    Clock::time_point not_before{};
};

JsonRpcClient::JsonRpcClient(HttpClient& http, Endpoint endpoint, HttpLimits limits, Budget budget)
    : shared_(std::make_shared<Shared>(http, std::move(endpoint), budget)), limits_(limits) {}

JsonRpcClient JsonRpcClient::within(std::chrono::milliseconds total) const {
    JsonRpcClient out = *this;
    out.limits_.total = total;
    return out;
}

const Endpoint& JsonRpcClient::endpoint() const { return shared_->endpoint; }
const Latencies& JsonRpcClient::latencies() const { return shared_->latencies; }
std::uint64_t JsonRpcClient::requests_sent() const { return shared_->last_id; }
bool JsonRpcClient::can_push() const { return shared_->duplex != nullptr; }

void JsonRpcClient::close() {
    if (shared_->duplex) shared_->duplex->close();
}

JsonRpcClient::Message JsonRpcClient::message_of(const std::string& method, const std::string& params) {
    const std::uint64_t id = ++shared_->last_id;
    return {fmt::format("{}: {}", shared_->endpoint.shown(), method), request_text(id, method, params), id, 1, false, cost_of(method)};
}

asio::awaitable<model::Result<nlohmann::json>> JsonRpcClient::call(std::string method, std::string params) {
    Message message = message_of(method, params);
    const std::string shown = shared_->endpoint.shown();
    const Asked asked{message.first, shown, method};
    const auto body = co_await exchange(std::move(message), nullptr);
    if (!body) co_return model::fail(body.error());
    co_return discreet(shared_->endpoint, parse_reply(*body, asked));
}

asio::awaitable<model::Result<model::Bytes>> JsonRpcClient::call_bytes(std::string method, std::string params) {
    Message message = message_of(method, params);
    const std::string shown = shared_->endpoint.shown();
    const Asked asked{message.first, shown, method};
    const auto body = co_await exchange(std::move(message), nullptr);
    if (!body) co_return model::fail(body.error());
    co_return discreet(shared_->endpoint, parse_bytes_reply(*body, asked));
}

asio::awaitable<model::Result<Replies>> JsonRpcClient::call_many(std::vector<Ask> asks) {
    if (asks.empty()) co_return Replies();
    const std::string shown = shared_->endpoint.shown();
    std::vector<Asked> asked;
    Message message{fmt::format("{}: batch of {}", shown, asks.size()), "[", shared_->last_id + 1, asks.size(), true, {}};
    for (const Ask& ask : asks) {
        asked.push_back({++shared_->last_id, shown, ask.method});
        if (asked.size() > 1) message.text += ',';
        message.text += request_text(shared_->last_id, ask.method, ask.params);
        message.cost += cost_of(ask.method);
    }
    message.text += ']';
    const auto body = co_await exchange(std::move(message), nullptr);
    if (!body) co_return model::fail(body.error());
    auto replies = discreet(shared_->endpoint, parse_batch_reply(*body, asked));
    if (replies)
        for (auto& reply : *replies) reply = discreet(shared_->endpoint, std::move(reply));
    co_return replies;
}

asio::awaitable<model::Result<std::string>> JsonRpcClient::subscribe(std::string params, std::function<void(const nlohmann::json&)> on_notification,
                                                                     std::function<void(const model::Error&)> on_lost) {
    const std::string method = "eth_subscribe";
    const std::string shown = shared_->endpoint.shown();
    if (!shared_->duplex) co_return model::fail(ErrorCode::bad_input, fmt::format("{}: nothing is pushed over HTTP, a ws, wss or ipc URL is needed", shown));
    auto listener = std::make_shared<Listener>();
    listener->on_notification = [told = std::move(on_notification)](const std::string& text) {
        const auto result = model::parse_json(text);
        if (result) told(*result);
    };
    listener->on_lost = std::move(on_lost);
    Message message = message_of(method, params);
    const Asked asked{message.first, shown, method};
    const auto body = co_await exchange(std::move(message), std::move(listener));
    if (!body) co_return model::fail(body.error());
    const auto result = discreet(shared_->endpoint, parse_reply(*body, asked));
    if (!result) co_return model::fail(result.error());
    if (!result->is_string())
        co_return model::fail(ErrorCode::upstream, fmt::format("{}: eth_subscribe: the result is no subscription", shown), Retry::other_endpoint);
    co_return result->get<std::string>();
}

asio::awaitable<model::Result<std::string>> JsonRpcClient::exchange(Message message, std::shared_ptr<Listener> listener) {
    if (const auto wait = shared_->not_before - Clock::now(); wait > Clock::duration::zero())
        co_return model::fail(ErrorCode::limit,
                              fmt::format("{}: not sent, the server asked to wait {} ms more", message.who,
                                          std::chrono::ceil<std::chrono::milliseconds>(wait).count()),
                              Retry::later);
    if (shared_->duplex) {
        auto answer = co_await Duplex::exchange(shared_->duplex, message.first, message.count, std::move(message.text), message.cost, limits_,
                                                std::move(listener));
        if (!answer) co_return model::fail(std::move(answer).error());
        shared_->latencies.add(answer->took);
        co_return std::move(answer->text);
    }
    auto response = co_await shared_->http.post_json(shared_->endpoint, std::move(message.text), limits_, *shared_->pacer, message.cost);
    if (!response) co_return model::fail(std::move(response).error());
    shared_->latencies.add(response->took);
    if (response->status == 429 && response->retry_after)
        shared_->not_before = Clock::now() + std::min(*response->retry_after, longest_wait);
    if (auto error = status_error(*response, message.who, message.batch)) {
        error->message = shared_->endpoint.without_secrets(std::move(error->message));
        co_return model::fail(std::move(*error));
    }
    co_return std::move(response->body);
}

}  // namespace margind::adapters::rpc
