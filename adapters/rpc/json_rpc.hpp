// A JSON-RPC client of one endpoint, over HTTP, a WebSocket or a Unix socket.
#pragma once

#include "adapters/rpc/budget.hpp"
#include "adapters/rpc/http.hpp"
#include "adapters/rpc/latencies.hpp"
#include "risk/model/ids.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace margind::adapters::rpc {

/// `params`: a JSON array as text.
struct Ask {
    std::string method;
    std::string params;
};

using Replies = std::vector<model::Result<nlohmann::json>>;

struct Listener;

/// Used from the io thread alone; any number of requests at once: over HTTP each on a connection of its own, else together on one
/// that is kept. `http` must outlive it, and it must outlive its requests. Errors as in json_rpc_reply.hpp and http.hpp; no message holds more of the endpoint
/// than shown().
class JsonRpcClient {
public:
    JsonRpcClient(HttpClient& http, Endpoint endpoint, HttpLimits limits = {}, Budget budget = {});

    /// The same endpoint, connection, budget and counts, with another deadline for its requests.
    JsonRpcClient within(std::chrono::milliseconds total) const;

    /// `params`: a JSON array as text. A null result is returned as null.
    asio::awaitable<model::Result<nlohmann::json>> call(std::string method, std::string params);
    /// The result must be bytes in hex.
    asio::awaitable<model::Result<model::Bytes>> call_bytes(std::string method, std::string params);

    /// One message for all (a JSON-RPC batch): the replies in the order of `asks`. A server that takes no batch, or none of this
    /// size, is `limit` with Retry::never: ask in smaller parts, in the end with call().
    asio::awaitable<model::Result<Replies>> call_many(std::vector<Ask> asks);

    /// eth_subscribe: `on_notification` gets the `result` of each notification until the connection breaks, which `on_lost` is told
    /// once; then subscribe again. Nothing is called after close(). The subscription's id; `bad_input` where the endpoint cannot push.
    asio::awaitable<model::Result<std::string>> subscribe(std::string params, std::function<void(const nlohmann::json&)> on_notification,
                                                          std::function<void(const model::Error&)> on_lost);
    bool can_push() const;
    /// Ends the kept connection, what is under way on it and its subscriptions; the next request opens another.
    void close();

    const Endpoint& endpoint() const;
    /// Of answered requests, refusals included; from departure to the last byte.
    const Latencies& latencies() const;
    std::uint64_t requests_sent() const;

private:
    struct Message {
        std::string who;
        std::string text;
        std::uint64_t first = 0;
        std::size_t count = 1;
        bool batch = false;
        Cost cost;
    };
    Message message_of(const std::string& method, const std::string& params);
    asio::awaitable<model::Result<std::string>> exchange(Message message, std::shared_ptr<Listener> listener);

    struct Shared;
    std::shared_ptr<Shared> shared_;
    HttpLimits limits_;
};

}  // namespace margind::adapters::rpc
