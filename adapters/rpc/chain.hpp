// Typed requests to an Ethereum node.
#pragma once

#include "adapters/request.hpp"
#include "adapters/rpc/header_hash.hpp"
#include "adapters/rpc/json_rpc.hpp"
#include "adapters/rpc/learned_range.hpp"
#include "adapters/rpc/state.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace margind::adapters::rpc {

enum class BlockTag : std::uint8_t { latest, safe, finalized };

/// The header's 2048-bit filter of the block's log addresses and topics.
using Bloom = std::array<std::byte, 256>;
/// False: the block holds no log of `item`. True: it may.
bool may_hold(const Bloom& bloom, std::span<const std::byte> item);

struct BlockHeader {
    model::BlockRef ref;
    model::Bytes32 parent;
    Bloom logs_bloom{};
    friend bool operator==(const BlockHeader&, const BlockHeader&) = default;
};

asio::awaitable<model::Result<model::ChainId>> chain_id(JsonRpcClient& rpc);

/// `missing` when the node has no such block; `upstream` when it answers with another one than was asked for, or, where `check` is given and
/// the node's hashes matched before, with a header that has another hash than it claims. `chain` is what the reference is labelled with.
asio::awaitable<model::Result<BlockHeader>> block_by_tag(JsonRpcClient& rpc, model::ChainId chain, BlockTag tag, HeaderCheck* check = nullptr);
asio::awaitable<model::Result<BlockHeader>> block_by_number(JsonRpcClient& rpc, model::ChainId chain, std::uint64_t number,
                                                            HeaderCheck* check = nullptr);
asio::awaitable<model::Result<BlockHeader>> block_by_hash(JsonRpcClient& rpc, model::ChainId chain, model::Bytes32 hash,
                                                          HeaderCheck* check = nullptr);

/// A header as newHeads pushes it, checked in the same way.
model::Result<BlockHeader> pushed_header(const JsonRpcClient& rpc, model::ChainId chain, const nlohmann::json& header, HeaderCheck* check = nullptr);

/// The bytes that a Call, StorageAt or Code is answered with, at the pinned block: `reorged` when the node does not know it.
asio::awaitable<model::Result<model::Bytes>> state_at(JsonRpcClient& rpc, Request request, Pin pin);
/// State at one block, pinned by its hash (EIP-1898): `reorged` when the node no longer knows it.
asio::awaitable<model::Result<model::Bytes>> eth_call(JsonRpcClient& rpc, Call call, model::Bytes32 block);
asio::awaitable<model::Result<model::Bytes>> code_at(JsonRpcClient& rpc, model::Address address, model::Bytes32 block);
/// 32 bytes.
asio::awaitable<model::Result<model::Bytes>> storage_at(JsonRpcClient& rpc, StorageAt where, model::Bytes32 block);

/// Of one block, by its hash; the range of `filter` does not count.
asio::awaitable<model::Result<std::vector<Log>>> logs_of_block(JsonRpcClient& rpc, Logs filter, model::Bytes32 block);
/// What all of the answers to logs() may be at most; more is `limit`: ask for less. A node that feeds logs forever ends there.
struct LogBounds {
    /// As they are held in memory.
    std::size_t bytes = std::size_t{64} << 20U;
    std::chrono::milliseconds time{20'000};
};

/// By block numbers, so a reorganisation can change the answer. Asked in ranges of the size that `range` has learned, which a node that
/// finds one too large makes smaller. `range` must outlive it.
asio::awaitable<model::Result<std::vector<Log>>> logs(JsonRpcClient& rpc, Logs filter, LearnedRange& range, LogBounds bounds);
/// The same, with nothing learned.
asio::awaitable<model::Result<std::vector<Log>>> logs(JsonRpcClient& rpc, Logs filter);

}  // namespace margind::adapters::rpc
