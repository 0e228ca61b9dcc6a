// What a JSON-RPC server answered: the checked result, or a classed error. Pure.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace margind::adapters::rpc {

/// Who was asked for what: stands before each message.
struct Asked {
    std::uint64_t id = 0;
    std::string_view endpoint;
    std::string_view method;
};

/// The `result` member; null is a result. `upstream` when the body is not the answer to `asked`, else the server's error:
///   reverted  the EVM stopped: revert, out of gas, invalid opcode (retry other_endpoint where it is the node's own cap)
///   missing   a block that the server does not know
///   limit     rate limit (retry later), or too much asked at once (retry never: ask for less)
///   upstream  anything else
model::Result<nlohmann::json> parse_reply(std::string_view body, const Asked& asked);

/// The same where `result` is bytes in hex.
model::Result<model::Bytes> parse_bytes_reply(std::string_view body, const Asked& asked);

/// The replies to a batch, in the order of `asked`, which is not empty; one that is not there is `upstream`. A single error in
/// place of them is `limit` with Retry::never (the server takes no batch, or none of this size), or its rate limit.
model::Result<std::vector<model::Result<nlohmann::json>>> parse_batch_reply(std::string_view body, std::span<const Asked> asked);

}  // namespace margind::adapters::rpc
