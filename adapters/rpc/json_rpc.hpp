// A JSON-RPC client of one endpoint over HTTP.
#pragma once

#include "adapters/rpc/budget.hpp"
#include "adapters/rpc/http.hpp"
#include "adapters/rpc/latencies.hpp"
#include "risk/model/ids.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace margind::adapters::rpc {

/// `params`: a JSON array as text.
struct Ask {
    std::string method;
    std::string params;
};

using Replies = std::vector<model::Result<nlohmann::json>>;

/// Used from the io thread alone; any number of requests at once, each on a connection of its own. `http` must outlive it,
/// and it must outlive its requests. Errors as in json_rpc_reply.hpp and http.hpp; no message holds more of the endpoint
/// than shown().
class JsonRpcClient {
public:
    JsonRpcClient(HttpClient& http, Endpoint endpoint, HttpLimits limits = {}, Budget budget = {});

    /// `params`: a JSON array as text. A null result is returned as null.
    asio::awaitable<model::Result<nlohmann::json>> call(std::string method, std::string params);
    /// The result must be bytes in hex.
    asio::awaitable<model::Result<model::Bytes>> call_bytes(std::string method, std::string params);

    /// One message for all (a JSON-RPC batch): the replies in the order of `asks`. A server that takes no batch, or none of this
    /// size, is `limit` with Retry::never: ask in smaller parts, in the end with call().
    asio::awaitable<model::Result<Replies>> call_many(std::vector<Ask> asks);

    /// The deadline of requests that start from here on; at first that of the limits.
    void wait_at_most(std::chrono::milliseconds total) { limits_.total = total; }

    const Endpoint& endpoint() const { return endpoint_; }
    /// Of answered requests, refusals included; from departure to the last byte.
    const Latencies& latencies() const { return latencies_; }
    std::uint64_t requests_sent() const { return last_id_; }

private:
    asio::awaitable<model::Result<std::string>> exchange(std::string who, std::string message, Cost cost, bool batch);

    HttpClient& http_;
    Endpoint endpoint_;
    HttpLimits limits_;
    Pacer pacer_;
    Latencies latencies_;
    std::uint64_t last_id_ = 0;
    /// Set by a 429 with Retry-After: until then requests fail without being sent.
    std::chrono::steady_clock::time_point not_before_{};
};

}  // namespace margind::adapters::rpc
