// One endpoint of an operator: its client, what was learned about it, and whether it is worth asking.
#pragma once

#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/health.hpp"
#include "adapters/rpc/operator.hpp"
#include "adapters/rpc/rounds.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace margind::adapters::rpc {

/// Used from the io thread alone. `http` must outlive it, and it must outlive its requests.
class Node {
public:
    Node(const asio::any_io_executor& executor, HttpClient& http, const OperatorOptions& options, const EndpointOptions& own);

    /// Asks for its chain id where that is not known since its last failure; any number may ask at once.
    asio::awaitable<model::Result<void>> prepare();
    /// Of a dead one: it is of use again when it serves the chain and has a head.
    asio::awaitable<model::Result<void>> probe();

    JsonRpcClient& client() { return client_; }
    Rounds& rounds() { return rounds_; }
    Health& health() { return health_; }
    const Health& health() const { return health_; }
    model::ChainId chain() const { return chain_; }
    /// "operator (https://host)".
    const std::string& shown() const { return shown_; }
    /// The same error, its message beginning with shown().
    model::Error named(model::Error error) const;
    /// False: somebody sees to it already.
    bool begin_reviving() { return !std::exchange(reviving_, true); }
    void end_reviving() { reviving_ = false; }

private:
    asio::awaitable<model::Result<void>> check_chain();

    model::ChainId chain_;
    JsonRpcClient client_;
    Rounds rounds_;
    std::string shown_;
    Health health_;
    bool reviving_ = false;
    bool checking_ = false;
    /// Cancelled when the check under way has ended.
    asio::steady_timer checked_;
};

}  // namespace margind::adapters::rpc
