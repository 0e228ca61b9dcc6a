// The logs after which some account's stored state may be another, over all venues of a chain. Pure.
#pragma once

#include "adapters/rpc/chain.hpp"
#include "daemon/questions.hpp"

#include <optional>
#include <set>
#include <vector>

namespace margind::daemon {

/// A venue's watch with its lists sorted; equal ones are the same.
struct SortedWatch {
    explicit SortedWatch(adapters::Watch watch);
    std::vector<model::Address> addresses;
    std::vector<model::Bytes32> topics;
    friend bool operator==(const SortedWatch&, const SortedWatch&) = default;
};

/// By place in Scope::venues; empty for a venue whose accounts cannot be carried forward.
using Watches = std::vector<std::optional<SortedWatch>>;

/// One filter for all of them; empty when none watches. The range is left empty (from_block > to_block).
std::optional<adapters::Logs> merged_filter(const Watches& watches);
bool concerns(const SortedWatch& watch, const adapters::Log& log);
/// False: the block holds no log that concerns the watch.
bool may_concern(const SortedWatch& watch, const adapters::rpc::Bloom& bloom);

/// Accounts of whom some log speaks. `owners` is sorted.
std::set<Holder> touched_by(const std::vector<adapters::Log>& logs, const Watches& watches, const Scope& scope, const std::vector<model::Address>& owners);

struct SilentBlock {
    std::uint32_t venue = 0;
    std::uint64_t block = 0;
    friend bool operator==(const SilentBlock&, const SilentBlock&) = default;
};
/// Where the header says that a block may hold logs that concern a venue, and `logs` has none.
std::vector<SilentBlock> silent_blocks(const std::vector<adapters::rpc::BlockHeader>& headers, const Watches& watches, const std::vector<adapters::Log>& logs);

}  // namespace margind::daemon
