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
    std::size_t max_calls = 250;
    /// Of the aggregate3 call data, selector included. A call that is longer than this alone gets a chunk of its own.
    std::size_t max_bytes = std::size_t{256} << 10;
};

/// Lengths of consecutive runs of `calls`, each within the limits, none empty, of about equal length.
std::vector<std::size_t> chunk_lengths(std::span<const Call* const> calls, const ChunkLimits& limits);

/// Call data of aggregate3 with allowFailure for each. Sender and gas of the calls are not carried.
model::Bytes encode_aggregate3(std::span<const Call* const> calls);

/// One reply for each call: its bytes, or `reverted`. The address of an absent contract answers with no bytes and
/// without an error; the reader's length checks refuse that. The whole fails with `decode` when `reply` is not what
/// aggregate3 returns for that many calls.
model::Result<std::vector<Reply>> decode_aggregate3(std::span<const Call* const> calls, std::span<const std::byte> reply);

/// The error of one call that reverted: names the contract, the selector, what the payload says, and the payload in hex.
model::Error revert_error(const Call& call, std::span<const std::byte> payload);

/// What a revert payload says: the text of Error(string), the meaning of Panic(uint256), else the selector of a
/// custom error.
std::string describe_revert(std::span<const std::byte> payload);

}  // namespace margind::adapters::evm
