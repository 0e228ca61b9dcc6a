// Many calls in one: Multicall3's aggregate3, packed and unpacked. Pure.
#pragma once

#include "adapters/request.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace margind::adapters::evm {

/// Multicall3's address on every chain that has the deployment.
const model::Address& multicall3_address();

struct ChunkLimits {
    std::size_t max_calls = 500;
    /// Of the aggregate3 call data, selector included. A call that is longer than this alone gets a chunk of its own.
    std::size_t max_bytes = std::size_t{512} << 10;
};

/// Lengths of consecutive runs of `calls`, each within the limits, none empty, of about equal length.
std::vector<std::size_t> chunk_lengths(std::span<const Call* const> calls, const ChunkLimits& limits);

/// Call data of aggregate3 with allowFailure for each. Sender and gas of the calls are not carried.
model::Bytes encode_aggregate3(std::span<const Call* const> calls);

struct CallResult {
    bool success = false;
    /// What the call returned, or its revert payload: a view into the reply.
    std::span<const std::byte> data;
};

/// One result for each of `count` calls; fails when `reply` is not what aggregate3 returns for that many. An address
/// without code answers with success and no bytes: the reader's length checks refuse that.
model::Result<std::vector<CallResult>> decode_aggregate3(std::size_t count, std::span<const std::byte> reply);

/// "call 0xbf92857c of 0x…": the selector and the contract, for messages.
std::string call_name(const Call& call);

/// "reverted: …" with what the payload says (the text of Error(string), the meaning of Panic(uint256), else the selector
/// of a custom error) and the payload in hex.
std::string revert_text(std::span<const std::byte> payload);

}  // namespace margind::adapters::evm
