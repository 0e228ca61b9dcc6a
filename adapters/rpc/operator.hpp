// One operator's endpoints of one chain, behind which one of them answers.
#pragma once

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

/// What an endpoint's operator allows, over any second; empty: no bound known.
struct Budget {
    std::optional<double> requests_per_second;
    std::optional<double> compute_units_per_second;
};

struct EndpointOptions {
    Endpoint endpoint;
    Budget budget;
};

struct OperatorOptions {
    std::string name;
    model::ChainId chain;
    /// In the order of preference; at least one.
    std::vector<EndpointOptions> endpoints;
    HttpLimits limits;
    RoundLimits rounds;
    /// How often a dead endpoint is tried again.
    std::chrono::milliseconds probe_every{2'000};
};

/// Used from the io thread alone. Each call goes to the first endpoint that is alive; where that one does not answer, to the
/// next, within the deadline of one request. An endpoint is dead after two failures in a row (`unreachable`, not its own
/// word) or within 2 s without an answer, and is probed until it answers again. A request that the budget does not allow waits for
/// its turn, or fails with `limit` (retry later) when that lies beyond its deadline. The chain id of an endpoint is asked
/// before its first answer counts and after each failure: `wrong_chain` keeps it out of use.
class Operator {
public:
    Operator(asio::any_io_executor executor, HttpClient& http, OperatorOptions options);
    ~Operator();

    const std::string& name() const;
    /// Some endpoint answered the last time it was asked, or none was asked yet.
    bool alive() const;
    /// Why it is not alive, for people; empty when it is.
    std::string trouble() const;
    /// Of the last 128 requests that were answered; empty before the first.
    std::optional<std::chrono::milliseconds> p95() const;

    asio::awaitable<model::Result<model::ChainId>> chain_id();
    asio::awaitable<model::Result<BlockHeader>> latest();
    asio::awaitable<model::Result<BlockHeader>> finalized();
    asio::awaitable<model::Result<BlockHeader>> block_by_number(std::uint64_t number);
    asio::awaitable<model::Result<BlockHeader>> block_by_hash(model::Bytes32 hash);
    /// Of one block, by its hash; the addresses and topics of `filter`, its range aside.
    asio::awaitable<model::Result<std::vector<Log>>> logs_of_block(Logs filter, model::Bytes32 block);
    asio::awaitable<model::Result<std::vector<Log>>> logs(Logs filter);
    /// Runs all readings to their end on one endpoint. When it fails, the readings are spent: make new ones.
    asio::awaitable<model::Result<void>> run(std::vector<AnyReading*> readings, model::BlockRef block);
    /// The answers to `run` are pinned by hash (EIP-1898 or checked before and after), as far as is known.
    bool pinned() const;

    template <class T>
    asio::awaitable<model::Result<T>> read(std::unique_ptr<Reading<T>> reading, model::BlockRef block) {
        std::vector<AnyReading*> readings(1, reading.get());
        const auto done = co_await run(std::move(readings), std::move(block));
        if (!done) co_return model::fail(done.error());
        co_return reading->result();
    }

    /// New heads as they are pushed over a WebSocket or IPC endpoint, until stop(); subscribes again by itself. False: no endpoint
    /// can push, poll instead. `on_head` runs on the io thread.
    bool follow_heads(std::function<void(const BlockHeader&)> on_head);
    /// Ends following and probing; requests under way end with an error.
    void stop();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace margind::adapters::rpc
