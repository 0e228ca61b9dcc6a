// What is kept: snapshots, reports, memory, incidents and what is still to be sent. One transaction per evaluation.
#pragma once

#include "risk/model/ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace margind::storage {

using model::Result;

/// Facts as JSON text under their content hash: kept once however many snapshots hold them.
struct FactsText {
    model::Bytes32 hash;
    std::string json;
};

/// `json` names facts by content hash; they travel beside it.
struct SnapshotText {
    model::Bytes32 hash;
    std::int64_t time = 0;
    std::vector<model::BlockRef> blocks;
    std::string json;
    std::vector<FactsText> facts;
};

/// The figures of one portfolio that its history is asked for. `level` as model::to_string writes it.
struct HistoryPoint {
    std::int64_t time = 0;
    std::string level;
    std::string reason;
    /// Account key, empty when nothing binds.
    std::string binding;
    std::optional<double> z;
    std::optional<double> room;
    std::optional<double> equity_usd;
    std::optional<double> mm_usd;
    std::optional<double> cover;
    std::optional<double> h_u;
    std::optional<double> z_u;
    std::optional<double> net_delta_usd;
    std::optional<double> netting_usd;
    friend bool operator==(const HistoryPoint&, const HistoryPoint&) = default;
};

struct ReportText {
    std::string portfolio;
    HistoryPoint figures;
    std::string json;
};

struct MemoryText {
    std::int64_t time = 0;
    std::vector<model::BlockRef> blocks;
    std::string json;
};

/// `sinks` are those that still have to send it; one that a sink sent from memory already leaves that sink out.
struct EventText {
    model::Bytes32 incident;
    std::uint64_t sequence = 0;
    std::string portfolio;
    /// "opened", "cleared", … as model::to_string writes it; "cleared" and "retracted" end an incident.
    std::string type;
    std::string level;
    std::int64_t time = 0;
    std::string json;
    std::vector<std::string> sinks;
};

/// Blocks of `chain` above `number` were reorganised away.
struct Orphaned {
    model::ChainId chain;
    std::uint64_t above = 0;
};

/// The last reference price of a day so far.
struct DailyPrice {
    std::string asset;
    /// Since 1970.
    std::int64_t day = 0;
    double usd = 0;
    /// Block time of the snapshot.
    std::int64_t time = 0;
    std::string source;
    friend bool operator==(const DailyPrice&, const DailyPrice&) = default;
};

/// All of it or nothing. `orphaned` is applied before the rest. A snapshot whose hash is kept already is canonical
/// again, and its reports take the place of those kept.
struct CommitBatch {
    std::vector<Orphaned> orphaned;
    std::optional<SnapshotText> snapshot;
    /// Of `snapshot`.
    std::vector<ReportText> reports;
    std::optional<MemoryText> memory;
    std::vector<EventText> events;
    /// Each takes the place of what was kept of its asset and day.
    std::vector<DailyPrice> daily_prices{};
};

/// Event `number`s rise by commit order and are never given twice: the cursor of `?after=` and of the stream.
struct StoredEvent {
    std::uint64_t number = 0;
    std::string json;
};

struct OutboxRow {
    std::uint64_t event = 0;
    model::Bytes32 incident;
    std::uint64_t sequence = 0;
    std::uint64_t attempts = 0;
    std::string json;
};

/// A log that a search over the chain has found; `json` is what it holds besides its place.
struct FoundText {
    std::uint64_t number = 0;
    std::uint32_t index = 0;
    std::string json;
    friend bool operator==(const FoundText&, const FoundText&) = default;
};

/// How far a search over the chain has come: every block below `next`, below `agreed` by the word of two operators.
struct SearchText {
    model::Bytes32 id;
    std::uint64_t next = 0;
    std::uint64_t agreed = 0;
    /// Blocks on the way, to tell another branch by.
    std::string points;
    /// By block and index.
    std::vector<FoundText> found;
    /// When it is kept: `found` takes the place of what was found from this block on, what lies below stays.
    std::uint64_t found_from = 0;
};

/// More buckets than this in one question fail with ErrorCode::limit.
inline constexpr std::int64_t max_points = 100000;

/// Of memories older than this many commits each `sparse_memories`-th is kept, and none older than `oldest_memory` commits: a
/// reorganisation deeper than that starts without memory.
inline constexpr std::uint64_t kept_memories = 256;
inline constexpr std::uint64_t sparse_memories = 16;
inline constexpr std::uint64_t oldest_memory = 4096;

/// What one commit drops of the old at most, so that none becomes slow. Of facts, as many more as its snapshot names, so
/// that they cannot come faster than they go.
inline constexpr std::uint64_t pruned_snapshots_per_commit = 20;
inline constexpr std::uint64_t pruned_facts_per_commit = 200;

/// Every method may be called from any thread. Reads for clients never wait for a commit, nor the outbox and the
/// memories for a read for a client. Errors are ErrorCode::storage and name the
/// database; those with Retry::later (locked, full) may pass.
class History {
public:
    virtual ~History() = default;

    /// The numbers of `events`, in order.
    virtual Result<std::vector<std::uint64_t>> commit(const CommitBatch& batch) = 0;
    virtual Result<void> mark_delivered(std::uint64_t event, const std::string& sink, std::int64_t wall_time) = 0;
    /// Counts an attempt; the row stays undelivered.
    virtual Result<void> mark_failed(std::uint64_t event, const std::string& sink, const std::string& error) = 0;

    /// Of canonical snapshots only, as everything below that does not say otherwise.
    virtual Result<std::optional<MemoryText>> latest_memory() = 0;
    /// The newest that stands on no block of `chain` above `number`.
    virtual Result<std::optional<MemoryText>> memory_at(model::ChainId chain, std::uint64_t number) = 0;
    /// The highest block of `chain` at or below `number` that a snapshot stands on.
    virtual Result<std::optional<model::BlockRef>> block_at(model::ChainId chain, std::uint64_t number) = 0;
    /// Newest snapshot with a report of `portfolio` at or before `time`. ErrorCode::missing when it was dropped for its age,
    /// empty when there was none.
    virtual Result<std::optional<SnapshotText>> snapshot_at(const std::string& portfolio, std::int64_t time) = 0;
    /// As snapshot_at.
    virtual Result<std::optional<std::string>> report_at(const std::string& portfolio, std::int64_t time) = 0;
    /// Block times in [from, to], step >= 1; buckets of `step` seconds start at multiples of it, each gives its last point.
    virtual Result<std::vector<HistoryPoint>> points(const std::string& portfolio, std::int64_t from, std::int64_t to,
                                                     std::int64_t step) = 0;
    /// Events of all branches (a retraction is an event too) with a number above `after`.
    virtual Result<std::vector<StoredEvent>> events(std::uint64_t after, std::size_t limit) = 0;
    /// The last event of each incident that has not ended, by number.
    virtual Result<std::vector<StoredEvent>> open_incidents() = 0;
    /// Oldest first, with an event number above `after`.
    virtual Result<std::vector<OutboxRow>> undelivered(const std::string& sink, std::uint64_t after, std::size_t limit) = 0;

    /// Of days from `day` on, by asset and day; never dropped.
    virtual Result<std::vector<DailyPrice>> daily_prices(std::int64_t day) = 0;

    virtual Result<std::optional<SearchText>> search(const model::Bytes32& id) = 0;
    /// In one transaction.
    virtual Result<void> keep_searches(std::span<const SearchText> searches) = 0;
};

struct SqliteOptions {
    /// How long a commit waits for another writer before it fails with Retry::later.
    std::chrono::milliseconds busy_timeout{1000};
    /// Bound of the file's size in pages of 4096 bytes; 0: none.
    std::uint32_t max_pages = 0;
    /// Snapshots and reports whose block time is further than this from the newest committed one's are dropped; figures
    /// and events stay.
    std::uint32_t keep_full_days = 14;
};

/// Creates the file or brings it to this version. Refuses a file that another history has open, in this process or another, a database of a newer version or of another program, and a file
/// that is no database.
Result<std::unique_ptr<History>> open_sqlite(const std::filesystem::path& file, const SqliteOptions& options = {});

}  // namespace margind::storage
