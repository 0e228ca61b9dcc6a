// One operator's endpoints of one chain, behind which one of them answers.
#pragma once

#include "adapters/rpc/budget.hpp"
#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/rounds.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace margind::adapters::rpc {

struct EndpointOptions {
    Endpoint endpoint;
    Budget budget;
};

struct OperatorOptions {
    std::string name;
    model::ChainId chain;
    /// In the order of preference; at least one.
    std::vector<EndpointOptions> endpoints;
    HttpLimits limits{std::chrono::milliseconds{2'000}, std::chrono::milliseconds{5'000}};
    RoundLimits rounds;
    LogBounds logs;
    /// How often a dead endpoint is tried again.
    std::chrono::milliseconds probe_every{2'000};
};

/// One voice about a chain. Used from the io thread alone. Every request ends within its deadline; run() and logs() may make many.
/// What a reading throws, run() throws.
class Operator {
public:
    virtual ~Operator() = default;
    virtual const std::string& name() const = 0;
    /// Some endpoint answered the last time it was asked, or none was asked yet.
    virtual bool alive() const = 0;
    /// Why it is not alive, for people; empty when it is.
    virtual std::string trouble() const = 0;
    /// Of the last 128 requests that were answered; empty before the first.
    virtual std::optional<std::chrono::milliseconds> p95() const = 0;

    virtual asio::awaitable<model::Result<model::ChainId>> chain_id() = 0;
    /// latest, safe or finalized.
    virtual asio::awaitable<model::Result<BlockHeader>> block_by_tag(BlockTag tag) = 0;
    virtual asio::awaitable<model::Result<BlockHeader>> block_by_number(std::uint64_t number) = 0;
    virtual asio::awaitable<model::Result<BlockHeader>> block_by_hash(model::Bytes32 hash) = 0;
    /// Of one block, by its hash: the range of `filter` does not count.
    virtual asio::awaitable<model::Result<std::vector<Log>>> logs_of_block(Logs filter, model::Bytes32 block) = 0;
    /// By block numbers, so a reorganisation can change the answer.
    virtual asio::awaitable<model::Result<std::vector<Log>>> logs(Logs filter) = 0;
    /// Runs all readings to their end on one endpoint. When it fails, the readings are spent: make new ones.
    virtual asio::awaitable<model::Result<void>> run(std::vector<AnyReading*> readings, model::BlockRef block) = 0;
    /// The answers to run() are of the block that was asked for: by its hash (EIP-1898), or by its number with the hash checked
    /// before and after. False where an endpoint can do neither.
    virtual bool pinned() const = 0;

    /// Calls `on_head` on the io thread for each head that is pushed over a WebSocket or IPC endpoint, until stop();
    /// subscribes again by itself. False: no endpoint can push.
    virtual bool follow_heads(std::function<void(const BlockHeader&)> on_head) = 0;
    /// Ends following and probing; requests under way end with an error.
    virtual void stop() = 0;

    template <class T>
    asio::awaitable<model::Result<T>> read(std::unique_ptr<Reading<T>> reading, model::BlockRef block) {
        std::vector<AnyReading*> readings(1, reading.get());
        const auto done = co_await run(std::move(readings), std::move(block));
        if (!done) co_return model::fail(done.error());
        co_return reading->result();
    }
};

/// Each call goes to the first endpoint that is alive; where that one does not answer, to the next, within the deadline of one
/// request. An endpoint is dead after two failures in a row (`unreachable`, not its own word) or 2 s without an answer, and is
/// probed until it answers again. A request that the budget does not allow waits for its turn, or fails with `limit` (retry
/// later) when that lies beyond its deadline. The chain id of an endpoint is asked before its first answer counts and after
/// each failure: `wrong_chain` keeps it out of use. `http` must outlive it.
std::unique_ptr<Operator> make_operator(asio::any_io_executor executor, HttpClient& http, OperatorOptions options);

}  // namespace margind::adapters::rpc
