// Requests for the state at one block as JSON-RPC, and the bytes in their answers. Pure.
#pragma once

#include "adapters/request.hpp"
#include "adapters/rpc/json_rpc.hpp"

#include <string>

namespace margind::adapters::rpc {

/// How a request names its block.
enum class PinBy : std::uint8_t {
    hash,    ///< EIP-1898: a reorganised block is refused by the node
    number,  ///< for nodes without it; who asks checks the hash at that number before and after
};

class Pin {
public:
    explicit Pin(model::BlockRef block, PinBy by = PinBy::hash) : block_(std::move(block)), by_(by) {}

    /// As JSON.
    std::string text() const;
    const model::BlockRef& block() const { return block_; }

private:
    model::BlockRef block_;
    PinBy by_;
};

/// A Call, StorageAt or Code at the pinned block. Logs: of their own range.
Ask message_of(const Request& request, const Pin& pin);

/// The bytes that the reply to such a message holds, 32 for StorageAt; `reorged` where the node does not know the pinned block. `shown`
/// names the endpoint in messages.
model::Result<model::Bytes> state_bytes(const Request& request, const Pin& pin, const std::string& shown, model::Result<model::Bytes> reply);
model::Result<model::Bytes> state_bytes(const Request& request, const Pin& pin, const std::string& shown,
                                       const model::Result<nlohmann::json>& reply);

/// What a request pinned to `block` failed with: `reorged` for `missing`.
model::Error of_pinned(const model::BlockRef& block, const std::string& shown, model::Error error);

}  // namespace margind::adapters::rpc
