// Carries out readings: gathers what they ask for in each round into a few requests at one block.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/evm/multicall.hpp"
#include "adapters/rpc/json_rpc.hpp"
#include "adapters/rpc/learned_size.hpp"
#include "adapters/rpc/state.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {

struct RoundLimits {
    evm::ChunkLimits chunk;
    /// `gas` of the eth_calls that carry many; empty: the node's own cap.
    std::optional<std::uint64_t> gas;
    std::size_t concurrent = 4;
    /// Requests in one JSON-RPC batch; 1: none.
    std::size_t batch = 100;
    /// A reading that asks on for longer is broken.
    std::size_t max_rounds = 256;
    model::Address multicall = evm::multicall3_address();
};

struct RoundCounts {
    std::uint64_t rounds = 0;
    std::uint64_t requests = 0;
    /// eth_calls that carried many.
    std::uint64_t chunks = 0;
    /// Of those, the ones of which some or all was asked again in smaller parts.
    std::uint64_t splits = 0;
    std::uint64_t batches = 0;
    /// Of those, the ones that were refused or answered badly.
    std::uint64_t refused_batches = 0;
};

/// One for each endpoint; used from the io thread alone. It must outlive its runs.
///
/// Plain calls travel in chunks through Multicall3, everything else, and all where that has no code, in JSON-RPC batches, and
/// where those are refused or answered badly, alone: all of it pinned to the block. A chunk that fails as a whole (the
/// node's gas cap, its or our size limit) is halved until the call at fault is alone. Calls of one chunk share its gas, so one that
/// burns all makes those behind it fail with it: where a call fails without a payload, as running out of gas does, the chunk's
/// failures are asked again in smaller parts, in the end alone, and only that answer counts. A call's revert, or a call too
/// large for the endpoint even alone, is the error of its reply; every other failure (`unreachable`, `upstream`, `reorged`,
/// rate limit) ends the run. What an endpoint refuses is remembered and tried again now and then.
class Rounds {
public:
    explicit Rounds(JsonRpcClient rpc, RoundLimits limits = {});

    /// Runs all readings to their end; then ask each for its result(). The readings must outlive the run.
    asio::awaitable<model::Result<void>> run(std::vector<AnyReading*> readings, model::BlockRef block, PinBy by = PinBy::hash);
    /// The same through a client of the same endpoint with another deadline.
    asio::awaitable<model::Result<void>> run_within(std::vector<AnyReading*> readings, model::BlockRef block, PinBy by, JsonRpcClient rpc);

    template <class T>
    asio::awaitable<model::Result<T>> read(std::unique_ptr<Reading<T>> reading, model::BlockRef block) {
        std::vector<AnyReading*> readings(1, reading.get());
        const auto done = co_await run(std::move(readings), std::move(block));
        if (!done) co_return model::fail(done.error());
        co_return reading->result();
    }

    const RoundCounts& counts() const { return counts_; }

private:
    struct Job;
    struct Round;

    asio::awaitable<model::Result<bool>> has_multicall(JsonRpcClient& rpc, Pin pin);
    void plan(Round& round, const std::vector<std::size_t>& plain, std::vector<std::size_t> others, bool packed) const;
    asio::awaitable<void> work(Round& round);
    asio::awaitable<void> send_one(Round& round, std::size_t index);
    asio::awaitable<void> send_batch(Round& round, std::vector<std::size_t> indices);
    asio::awaitable<void> send_chunk(Round& round, std::vector<std::size_t> indices);
    void take_batch(Round& round, const std::vector<std::size_t>& indices, Replies replies);
    void take_chunk(Round& round, const std::vector<std::size_t>& indices, const model::Bytes& reply);
    void ask_again(Round& round, const std::vector<std::size_t>& indices);

    JsonRpcClient rpc_;
    RoundLimits limits_;
    RoundCounts counts_;
    /// Calls in a chunk.
    LearnedSize chunk_;
    /// Requests in a batch.
    LearnedSize batch_;
    /// Multicall3 was seen to have code at this block number.
    std::optional<std::uint64_t> multicall_since_;
    /// It had none; runs until that is asked again.
    std::size_t without_multicall_ = 0;
};

}  // namespace margind::adapters::rpc
