// Fields of the structs that a snapshot is made of, and the snapshot's rows with facts by their content hash.
#pragma once

#include "risk/model/fields.hpp"
#include "risk/model/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace margind::model {

constexpr auto describe(const BlockRef*) {
    return std::tuple(field("chain", &BlockRef::chain), field("number", &BlockRef::number), field("hash", &BlockRef::hash),
                      field("time", &BlockRef::time));
}

constexpr auto describe(const UnitRatio*) {
    return std::tuple(field("source", &UnitRatio::source), field("base", &UnitRatio::base), field("units", &UnitRatio::units),
                      field("rate_feed", &UnitRatio::rate_feed));
}

constexpr auto describe(const AssetMapping*) {
    return std::tuple(field("chain", &AssetMapping::chain), field("token", &AssetMapping::token),
                      field("underlying", &AssetMapping::underlying), field("label", &AssetMapping::label),
                      field("ratio", &AssetMapping::ratio));
}

constexpr int since(const AssetMapping*, std::string_view name) { return name == "ratio" ? 3 : 0; }

constexpr auto describe(const ReferencePrice*) {
    return std::tuple(field("asset", &ReferencePrice::asset), field("chain", &ReferencePrice::chain), field("source", &ReferencePrice::source),
                      field("raw", &ReferencePrice::raw), field("decimals", &ReferencePrice::decimals),
                      field("updated_at", &ReferencePrice::updated_at), field("heartbeat_s", &ReferencePrice::heartbeat_s),
                      field("deviation_ppm", &ReferencePrice::deviation_ppm), field("grade", &ReferencePrice::grade),
                      field("reason", &ReferencePrice::reason), field("confidence_ppm", &ReferencePrice::confidence_ppm),
                      field("second_opinion", &ReferencePrice::second_opinion));
}

/// Before, prices were of one source each.
constexpr int since(const ReferencePrice*, std::string_view name) { return name == "confidence_ppm" || name == "second_opinion" ? 2 : 0; }

constexpr auto describe(const Qualifiers*) {
    return std::tuple(field("single_source", &Qualifiers::single_source), field("unpinned", &Qualifiers::unpinned),
                      field("disputed", &Qualifiers::disputed), field("stale", &Qualifiers::stale));
}

constexpr auto describe(const NativeFigure*) {
    return std::tuple(field("name", &NativeFigure::name), field("value", &NativeFigure::value), field("decimals", &NativeFigure::decimals));
}

constexpr auto describe(const Portfolio*) {
    return std::tuple(field("name", &Portfolio::name), field("owners", &Portfolio::owners), field("wallets", &Portfolio::wallets));
}

constexpr int since(const Portfolio*, std::string_view name) { return name == "wallets" ? 3 : 0; }

constexpr auto describe(const SourceTrouble*) {
    return std::tuple(field("chain", &SourceTrouble::chain), field("kind", &SourceTrouble::kind), field("reason", &SourceTrouble::reason));
}

struct VenueRow {
    VenueId id;
    std::optional<Bytes32> facts;
    BlockRef read_at;
    std::string reason;
};

constexpr auto describe(const VenueRow*) {
    return std::tuple(field("id", &VenueRow::id), field("facts", &VenueRow::facts), field("read_at", &VenueRow::read_at),
                      field("reason", &VenueRow::reason));
}

struct AccountRow {
    AccountKey key;
    std::optional<Bytes32> facts;
    BlockRef read_at;
    std::string reason;
    std::vector<NativeFigure> views;
    BlockRef verified_at;
    Qualifiers qualifiers;
};

constexpr auto describe(const AccountRow*) {
    return std::tuple(field("key", &AccountRow::key), field("facts", &AccountRow::facts), field("read_at", &AccountRow::read_at),
                      field("reason", &AccountRow::reason), field("views", &AccountRow::views),
                      field("verified_at", &AccountRow::verified_at), field("qualifiers", &AccountRow::qualifiers));
}

struct SnapshotRows {
    std::int64_t time = 0;
    std::vector<BlockRef> blocks;
    std::vector<AssetMapping> assets;
    std::vector<ReferencePrice> prices;
    std::vector<VenueRow> venues;
    std::vector<AccountRow> accounts;
    std::vector<Portfolio> portfolios;
    std::vector<SourceTrouble> troubles;
};

constexpr auto describe(const SnapshotRows*) {
    return std::tuple(field("time", &SnapshotRows::time), field("blocks", &SnapshotRows::blocks), field("assets", &SnapshotRows::assets),
                      field("prices", &SnapshotRows::prices), field("venues", &SnapshotRows::venues),
                      field("accounts", &SnapshotRows::accounts), field("portfolios", &SnapshotRows::portfolios),
                      field("troubles", &SnapshotRows::troubles));
}

/// A file may leave out that nothing was wrong with the sources.
constexpr int since(const SnapshotRows*, std::string_view name) { return name == "troubles" ? 1 : 0; }

/// By what identifies each row; owners of a portfolio too.
void sort_rows(SnapshotRows& rows);
/// Sorted, whatever the order in the snapshot.
SnapshotRows rows_of(const Snapshot& snapshot);

}  // namespace margind::model
