// Everything an evaluation stands on: one block per chain, facts, accounts, reference prices.
#pragma once

#include "risk/model/asset.hpp"
#include "risk/model/facts.hpp"
#include "risk/model/grade.hpp"
#include "risk/model/venue_rule.hpp"

#include <map>
#include <string>
#include <vector>

namespace margind::model {

/// What is watched together. Owners hold on every chain listed in the snapshot.
struct Portfolio {
    std::string name;
    std::vector<Address> owners;
    friend bool operator==(const Portfolio&, const Portfolio&) = default;
};

/// `facts` is null when the venue could not be read; `reason` then says why.
struct Venue {
    VenueId id;
    FactsPtr facts;
    BlockRef read_at;
    std::string reason;
};

/// `facts` is null when the account could not be read; `reason` then says why. `views` is what the venue's own
/// contract said at `verified_at`; empty when it was not asked.
struct MarginAccount {
    AccountKey key;
    FactsPtr facts;
    BlockRef read_at;
    std::string reason;
    std::vector<NativeFigure> views;
    BlockRef verified_at;
    Qualifiers qualifiers;
};

/// Immutable once built; shared as shared_ptr<const Snapshot>. Venues, accounts, prices and portfolios are sorted by
/// id, key, (asset, chain, source) and name.
struct Snapshot {
    std::int64_t time = 0;
    std::map<ChainId, BlockRef> blocks;
    AssetMap assets;
    std::vector<ReferencePrice> prices;
    std::vector<Venue> venues;
    std::vector<MarginAccount> accounts;
    std::vector<Portfolio> portfolios;
};

/// Hash over everything but the order in which things were read.
Bytes32 snapshot_hash(const Snapshot& snapshot);

}  // namespace margind::model
