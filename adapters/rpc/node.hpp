// One endpoint of an operator: its client, what was learned about it, and whether it is worth asking.
#pragma once

#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/health.hpp"
#include "adapters/rpc/operator.hpp"
#include "adapters/rpc/rounds.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {

/// Used from the io thread alone. `http` must outlive it, and it must outlive its requests.
class Node {
public:
    Node(const asio::any_io_executor& executor, HttpClient& http, const OperatorOptions& options, const EndpointOptions& own);

    using Deadline = std::chrono::milliseconds;

    /// Asks for its chain id where that is not known since its last failure; any number may ask at once. `total` is the deadline of
    /// each request, here and below.
    asio::awaitable<model::Result<void>> prepare(Deadline total);
    /// Of a dead one: it is of use again when it serves the chain and has a head.
    asio::awaitable<model::Result<void>> probe(Deadline total);

    /// Runs all readings to their end at the block: by its hash where the node refuses a wrong one (EIP-1898), else by its number,
    /// with the hash at that number checked before and after. `reorged` where it has another block there.
    asio::awaitable<model::Result<void>> run(std::vector<AnyReading*> readings, model::BlockRef block, Deadline total);
    /// False: it takes no block by hash, and does not say which block is at a number; then runs fail.
    bool pinned() const { return !unpinned_; }

    JsonRpcClient& client() { return client_; }
    HeaderCheck* header_check() { return &header_check_; }
    /// How many blocks of logs it takes at once.
    LearnedRange& log_range() { return log_range_; }
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
    asio::awaitable<model::Result<void>> check_chain(JsonRpcClient& rpc);
    asio::awaitable<model::Result<PinBy>> learn_pinning(JsonRpcClient& rpc, model::BlockRef block);
    asio::awaitable<model::Result<void>> check_number(JsonRpcClient& rpc, model::BlockRef block);

    model::ChainId chain_;
    JsonRpcClient client_;
    Rounds rounds_;
    /// What the pinning is tried on.
    model::Address probed_;
    std::string shown_;
    Health health_;
    HeaderCheck header_check_;
    LearnedRange log_range_;
    std::optional<PinBy> pin_by_;
    /// Runs until a node without EIP-1898 is tried again.
    std::size_t runs_by_number_ = 0;
    bool unpinned_ = false;
    bool reviving_ = false;
    bool checking_ = false;
    /// Cancelled when the check under way has ended.
    asio::steady_timer checked_;
};

}  // namespace margind::adapters::rpc
