// Everything an evaluation stands on: one block per chain, facts, accounts, reference prices.
#pragma once

#include "risk/model/asset.hpp"
#include "risk/model/facts.hpp"
#include "risk/model/fields.hpp"
#include "risk/model/grade.hpp"
#include "risk/model/venue_rule.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace margind::model {

/// What is watched together. Owners hold on every chain listed in the snapshot; of `wallets`, owners or others, the tokens
/// that they hold count too, on a line of their own.
struct Portfolio {
    std::string name;
    std::vector<Address> owners;
    std::vector<Address> wallets{};
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

/// stale: no block was confirmed for too long. single_source: one operator speaks for several that are configured.
/// disputed: operators contradict each other.
enum class TroubleKind : std::uint8_t { stale, single_source, disputed };
const char* to_string(TroubleKind kind);

/// What is wrong with the sources of a chain, as the machine that read it saw it: the one part of a snapshot that does not
/// follow from the chains. `reason` is one sentence with operators and numbers, and no URL.
struct SourceTrouble {
    ChainId chain;
    TroubleKind kind = TroubleKind::stale;
    std::string reason;
    friend bool operator==(const SourceTrouble&, const SourceTrouble&) = default;
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
    /// Sorted by chain and kind, at most one of each.
    std::vector<SourceTrouble> troubles;
};

/// Hash over everything but the order in which things were read, as it was written with the fields of `version`.
Bytes32 snapshot_hash(const Snapshot& snapshot, int version = fields_version);

/// Null when there is none of that kind.
const SourceTrouble* find_trouble(const std::vector<SourceTrouble>& troubles, ChainId chain, TroubleKind kind);

}  // namespace margind::model
