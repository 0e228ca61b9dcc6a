// The snapshot's rows and the hash over them.
#include "risk/model/snapshot.hpp"

#include "risk/model/content.hpp"
#include "risk/model/snapshot_fields.hpp"

#include <algorithm>
#include <tuple>

namespace margind::model {
namespace {

std::optional<Bytes32> hash_of(const FactsPtr& facts) {
    if (facts == nullptr) return std::nullopt;
    return facts->content_hash();
}

}  // namespace

void sort_rows(SnapshotRows& rows) {
    for (Portfolio& portfolio : rows.portfolios) {
        std::ranges::sort(portfolio.owners);
        std::ranges::sort(portfolio.wallets);
    }
    std::ranges::sort(rows.blocks);
    std::ranges::stable_sort(rows.assets, {}, [](const AssetMapping& mapping) { return std::tie(mapping.chain, mapping.token); });
    std::ranges::stable_sort(rows.prices, {}, [](const ReferencePrice& price) { return std::tie(price.asset, price.chain, price.source); });
    std::ranges::stable_sort(rows.venues, {}, &VenueRow::id);
    std::ranges::stable_sort(rows.accounts, {}, &AccountRow::key);
    std::ranges::stable_sort(rows.portfolios, {}, &Portfolio::name);
    std::ranges::stable_sort(rows.troubles, {}, [](const SourceTrouble& trouble) { return std::pair(trouble.chain, trouble.kind); });
}

SnapshotRows rows_of(const Snapshot& snapshot) {
    SnapshotRows out;
    out.time = snapshot.time;
    for (const auto& [chain, block] : snapshot.blocks) out.blocks.push_back(block);
    for (const auto& [key, mapping] : snapshot.assets.rows()) out.assets.push_back(mapping);
    out.prices = snapshot.prices;
    for (const Venue& venue : snapshot.venues) out.venues.push_back({venue.id, hash_of(venue.facts), venue.read_at, venue.reason});
    for (const MarginAccount& account : snapshot.accounts)
        out.accounts.push_back({account.key, hash_of(account.facts), account.read_at, account.reason, account.views, account.verified_at,
                                account.qualifiers});
    out.portfolios = snapshot.portfolios;
    out.troubles = snapshot.troubles;
    sort_rows(out);
    return out;
}

const SourceTrouble* find_trouble(const std::vector<SourceTrouble>& troubles, ChainId chain, TroubleKind kind) {
    for (const SourceTrouble& trouble : troubles)
        if (trouble.chain == chain && trouble.kind == kind) return &trouble;
    return nullptr;
}

Bytes32 snapshot_hash(const Snapshot& snapshot, int version) { return content_hash(rows_of(snapshot), version); }

}  // namespace margind::model
