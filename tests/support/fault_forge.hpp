// How the requests and answers of one JSON-RPC call are forged. Pure.
#pragma once

#include "tests/support/fault_plan.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::tests {

/// (kind, what) of each thing that was forged.
using Notes = std::vector<std::pair<std::string, std::string>>;

/// What a node that lags, froze or forked knows of the chain.
struct NodeView {
    /// The highest block that it knows; empty: all.
    std::optional<std::uint64_t> head{};
    /// The number of the block whose hash the request names, where there is such a block.
    std::optional<std::uint64_t> asked{};
    /// The branch of its own: its hashes, and the real ones.
    std::map<std::string, std::string> real_hashes{};
};

/// The hash of the branch of its own that stands for a real one.
std::string forked_hash(const std::string& real);
/// First and last block of an eth_getLogs by numbers.
std::optional<std::pair<std::uint64_t, std::uint64_t>> log_range(const nlohmann::json& call);
/// The block hash that a request names.
std::optional<std::string> named_hash(const nlohmann::json& call);

/// The forged request, which goes to the node; or, when `answered` is set, the answer itself.
struct ForgedRequest {
    nlohmann::json call;
    bool answered = false;
};
ForgedRequest forge_request(const FaultPlan& plan, const NodeView& view, nlohmann::json call, Notes& notes);

/// True: `answer` to `call` (as the client sent it) was changed. Fills view.real_hashes.
bool forge_answer(const FaultPlan& plan, NodeView& view, const nlohmann::json& call, nlohmann::json& answer, Notes& notes);
/// The header of a branch of its own; true when it was changed.
bool forge_header(const FaultPlan& plan, NodeView& view, nlohmann::json& header, Notes& notes);

std::uint64_t quantity(const nlohmann::json& text);
std::string quantity(std::uint64_t number);

}  // namespace margind::tests
