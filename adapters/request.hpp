// What an adapter may ask of a chain, and what it gets back. Always at one block.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace margind::adapters {

/// Plain calls of all adapters share a few Multicall3 calls; an isolated one (own sender, own gas, or a contract
/// that can burn all gas) travels alone.
struct Call {
    model::Address to;
    model::Bytes data;
    std::optional<model::Address> from;
    std::optional<std::uint64_t> gas;
    bool isolated = false;
    /// Asked of the node's latest block, whatever block is read, for state that nodes keep no history of: the reply has to tell by itself
    /// which block it is of. Travels alone.
    bool latest = false;
};

/// Inclusive range; `topics[i]` empty = any.
struct Logs {
    std::vector<model::Address> addresses;
    std::vector<std::vector<model::Bytes32>> topics;
    std::uint64_t from_block = 0;
    std::uint64_t to_block = 0;
};

struct StorageAt {
    model::Address address;
    model::U256 slot;
};

struct Code {
    model::Address address;
};

using Request = std::variant<Call, Logs, StorageAt, Code>;

struct Log {
    model::Address address;
    std::vector<model::Bytes32> topics;
    model::Bytes data;
    std::uint64_t block_number = 0;
    model::Bytes32 block_hash;
    std::uint32_t log_index = 0;
};

/// Bytes for Call, StorageAt (32) and Code; logs for Logs. A revert of one call is that reply's error (reverted, with
/// the payload in hex; `limit`: too much for the endpoint even alone); a transport failure fails the whole reading.
using Reply = model::Result<std::variant<model::Bytes, std::vector<Log>>>;

/// The bytes of a reply to Call, StorageAt or Code.
model::Result<model::Bytes> reply_bytes(const Reply& reply);

}  // namespace margind::adapters
