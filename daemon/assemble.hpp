// One snapshot out of what was read of each chain.
#pragma once

#include "risk/model/incident.hpp"
#include "risk/model/snapshot.hpp"

#include <vector>

namespace margind::daemon {

/// All at `block`, pinned by its hash; number 0: the chain could not be read, everything is unknown.
struct ChainReading {
    model::BlockRef block;
    std::vector<model::ReferencePrice> prices;
    std::vector<model::Venue> venues;
    std::vector<model::MarginAccount> accounts;
};

/// Sorted as Snapshot demands. Its time is the latest of the blocks', and `assets` is cut to the chains that were read.
/// \pre at least one reading, at most one per chain
model::Snapshot assemble(const std::vector<const ChainReading*>& readings, const model::AssetMap& assets, std::vector<model::Portfolio> portfolios);

/// Where an owner could not be read at a venue at all, each account that the memory knows there is unknown for that reason, so that
/// what is remembered of it stays.
void keep_remembered_accounts(model::Snapshot& snapshot, const model::Memory& memory);

/// What a snapshot holds of one of its chains.
ChainReading reading_of(const model::Snapshot& snapshot, model::ChainId chain);

}  // namespace margind::daemon
