// History in one SQLite file: one connection writes, one reads.
#include "storage/file_lock.hpp"
#include "storage/history.hpp"
#include "storage/migrations.hpp"
#include "storage/retention.hpp"
#include "storage/searches.hpp"
#include "storage/statements.hpp"

#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <utility>

namespace margind::storage {
namespace {

using model::ErrorCode;
using model::fail;
using sqlite::Connection;
using sqlite::execute;
using sqlite::query;
using Run = sqlite::Statement::Run;

void bind_block(Run& run, std::uint64_t parent, const model::BlockRef& block) {
    run.bind(parent).bind(block.chain.value).bind(block.number).bind(block.hash).bind(block.time);
}

Result<model::BlockRef> read_block(const Run& row) {
    const auto hash = row.bytes32(2);
    if (!hash) return fail(hash.error());
    return model::BlockRef{{static_cast<std::uint64_t>(row.integer(0))}, static_cast<std::uint64_t>(row.integer(1)), *hash, row.integer(3)};
}

class SqliteHistory final : public History {
public:
    SqliteHistory(FileLock lock, std::unique_ptr<Connection> writer, std::unique_ptr<Connection> reader, std::uint32_t keep_full_days)
        : lock_(std::move(lock)), keep_full_days_(keep_full_days), writer_(std::move(writer)), reader_(std::move(reader)) {}

    Result<std::vector<std::uint64_t>> commit(const CommitBatch& batch) override;
    Result<void> mark_delivered(std::uint64_t event, const std::string& sink, std::int64_t wall_time) override;
    Result<void> mark_failed(std::uint64_t event, const std::string& sink, const std::string& error) override;

    Result<std::optional<MemoryText>> latest_memory() override;
    Result<std::optional<MemoryText>> memory_at(model::ChainId chain, std::uint64_t number) override;
    Result<std::optional<model::BlockRef>> block_at(model::ChainId chain, std::uint64_t number) override;
    Result<std::optional<SnapshotText>> snapshot_at(const std::string& portfolio, std::int64_t time) override;
    Result<std::optional<std::string>> report_at(const std::string& portfolio, std::int64_t time) override;
    Result<std::vector<HistoryPoint>> points(const std::string& portfolio, std::int64_t from, std::int64_t to, std::int64_t step) override;
    Result<std::vector<StoredEvent>> events(std::uint64_t after, std::size_t limit) override;
    Result<std::vector<StoredEvent>> open_incidents() override;
    Result<std::vector<OutboxRow>> undelivered(const std::string& sink, std::uint64_t after, std::size_t limit) override;

    Result<std::vector<DailyPrice>> daily_prices(std::int64_t day) override;
    Result<std::optional<SearchText>> search(const model::Bytes32& id) override;
    Result<void> keep_searches(std::span<const SearchText> searches) override;

private:
    Result<void> write_orphaned(const Orphaned& orphaned);
    Result<std::uint64_t> write_snapshot(const SnapshotText& snapshot);
    Result<void> write_facts(std::uint64_t snapshot, const std::vector<FactsText>& facts);
    Result<void> write_report(std::uint64_t snapshot, std::int64_t time, const ReportText& report);
    Result<void> write_memory(const MemoryText& memory);
    Result<std::uint64_t> write_event(const EventText& event);
    Result<void> write_daily_price(const DailyPrice& price);
    Result<void> update_outbox(std::string_view sql, std::uint64_t event, const std::string& sink, const std::function<void(Run&)>& bind);

    Result<std::optional<MemoryText>> read_memory(std::string_view sql, const std::function<void(Run&)>& bind);
    Result<std::optional<std::uint64_t>> snapshot_id(const std::string& portfolio, std::int64_t time);
    tl::unexpected<model::Error> dropped(const std::string& portfolio, std::int64_t asked, std::int64_t time) const;

    /// Dropped when the connections are closed.
    FileLock lock_;
    std::uint32_t keep_full_days_;
    /// The writer also reads what warnings wait for, so that a long read for a client does not hold them up.
    std::mutex writing_;
    std::unique_ptr<Connection> writer_;
    std::mutex reading_;
    std::unique_ptr<Connection> reader_;
};

Result<void> SqliteHistory::write_orphaned(const Orphaned& orphaned) {
    const auto bind = [&](Run& run) { run.bind(orphaned.chain.value).bind(orphaned.above); };
    auto done = execute(*writer_, "UPDATE snapshots SET orphaned = 1 WHERE orphaned = 0 AND id IN (SELECT snapshot FROM snapshot_blocks WHERE chain = ? AND number > ?)", bind);
    if (!done) return done;
    return execute(*writer_, "UPDATE memories SET orphaned = 1 WHERE orphaned = 0 AND number IN (SELECT memory FROM memory_blocks WHERE chain = ? AND number > ?)", bind);
}

Result<std::uint64_t> SqliteHistory::write_snapshot(const SnapshotText& snapshot) {
    std::uint64_t id = 0;
    auto done = query(*writer_,
        "INSERT INTO snapshots (hash, time) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET orphaned = 0 RETURNING id",
        [&](Run& run) { run.bind(snapshot.hash).bind(snapshot.time); },
        [&](const Run& row) -> Result<void> { id = static_cast<std::uint64_t>(row.integer(0)); return {}; });
    if (!done) return fail(done.error());
    // Evaluated again after a trouble that has passed: of the snapshots of that second it is the one that counts.
    done = execute(*writer_, "UPDATE snapshots SET orphaned = 1 WHERE id > ? AND time = ? AND orphaned = 0", [&](Run& run) { run.bind(id).bind(snapshot.time); });
    if (!done) return fail(done.error());
    done = execute(*writer_, "INSERT OR IGNORE INTO snapshot_bodies (snapshot, json) VALUES (?, ?)", [&](Run& run) { run.bind(id).bind(snapshot.json); });
    if (!done) return fail(done.error());
    for (const model::BlockRef& block : snapshot.blocks) {
        done = execute(*writer_, "INSERT OR IGNORE INTO snapshot_blocks (snapshot, chain, number, hash, time) VALUES (?, ?, ?, ?, ?)",
                       [&](Run& run) { bind_block(run, id, block); });
        if (!done) return fail(done.error());
    }
    if (done = write_facts(id, snapshot.facts); !done) return fail(done.error());
    return id;
}

Result<void> SqliteHistory::write_facts(std::uint64_t snapshot, const std::vector<FactsText>& facts) {
    for (const FactsText& one : facts) {
        auto done = execute(*writer_, "INSERT OR IGNORE INTO facts (hash, json) VALUES (?, ?)",
                            [&](Run& run) { run.bind(one.hash).bind(one.json); });
        if (!done) return done;
        std::int64_t id = 0;
        done = query(*writer_, "SELECT id FROM facts WHERE hash = ?", [&](Run& run) { run.bind(one.hash); },
                     [&](const Run& row) -> Result<void> { id = row.integer(0); return {}; });
        if (!done) return done;
        done = execute(*writer_, "INSERT OR IGNORE INTO snapshot_facts (snapshot, facts) VALUES (?, ?)",
                       [&](Run& run) { run.bind(snapshot).bind(id); });
        if (!done) return done;
        // A snapshot that is canonical again is not the newest that names them.
        done = execute(*writer_, "INSERT INTO last_uses (facts, snapshot) VALUES (?, ?) ON CONFLICT (facts) DO UPDATE SET snapshot = max(snapshot, excluded.snapshot)",
                       [&](Run& run) { run.bind(id).bind(snapshot); });
        if (!done) return done;
    }
    return {};
}

Result<void> SqliteHistory::write_report(std::uint64_t snapshot, std::int64_t time, const ReportText& report) {
    const HistoryPoint& p = report.figures;
    auto done = execute(*writer_,
        "INSERT OR REPLACE INTO points (portfolio, time, snapshot, level, reason, binding, z, room, equity_usd, mm_usd, cover, h_u, z_u, net_delta_usd, netting_usd) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [&](Run& run) {
            run.bind(report.portfolio).bind(time).bind(snapshot).bind(p.level).bind(p.reason).bind(p.binding).bind(p.z).bind(p.room)
                .bind(p.equity_usd).bind(p.mm_usd).bind(p.cover).bind(p.h_u).bind(p.z_u).bind(p.net_delta_usd).bind(p.netting_usd);
        });
    if (!done) return done;
    return execute(*writer_, "INSERT OR REPLACE INTO reports (snapshot, portfolio, json) VALUES (?, ?, ?)",
                   [&](Run& run) { run.bind(snapshot).bind(report.portfolio).bind(report.json); });
}

Result<void> SqliteHistory::write_memory(const MemoryText& memory) {
    auto done = execute(*writer_, "INSERT INTO memories (time, json) VALUES (?, ?)", [&](Run& run) { run.bind(memory.time).bind(memory.json); });
    if (!done) return done;
    const std::uint64_t number = writer_->last_row();
    for (const model::BlockRef& block : memory.blocks) {
        done = execute(*writer_, "INSERT INTO memory_blocks (memory, chain, number, hash, time) VALUES (?, ?, ?, ?, ?)",
                       [&](Run& run) { bind_block(run, number, block); });
        if (!done) return done;
    }
    if (number <= kept_memories) return {};
    const std::uint64_t oldest = number > oldest_memory ? number - oldest_memory : 0;
    return execute(*writer_, "DELETE FROM memories WHERE number <= ? AND (number <= ? OR number % ? != 0)",
                   [&](Run& run) { run.bind(number - kept_memories).bind(oldest).bind(sparse_memories); });
}

Result<std::uint64_t> SqliteHistory::write_event(const EventText& event) {
    const bool ended = event.type == "cleared" || event.type == "retracted";
    auto done = execute(*writer_,
        "INSERT INTO incidents (id, portfolio, opened_at, level, ended) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET level = excluded.level, ended = excluded.ended",
        [&](Run& run) { run.bind(event.incident).bind(event.portfolio).bind(event.time).bind(event.level).bind(std::int64_t{ended}); });
    if (!done) return fail(done.error());
    done = execute(*writer_, "INSERT INTO events (incident, sequence, type, level, time, json) VALUES (?, ?, ?, ?, ?, ?)",
                   [&](Run& run) { run.bind(event.incident).bind(event.sequence).bind(event.type).bind(event.level).bind(event.time).bind(event.json); });
    if (!done) return fail(done.error());
    const std::uint64_t number = writer_->last_row();
    done = execute(*writer_, "UPDATE incidents SET last_event = ? WHERE id = ?", [&](Run& run) { run.bind(number).bind(event.incident); });
    if (!done) return fail(done.error());
    for (const std::string& sink : event.sinks) {
        done = execute(*writer_, "INSERT INTO outbox (event, sink) VALUES (?, ?)", [&](Run& run) { run.bind(number).bind(sink); });
        if (!done) return fail(done.error());
    }
    return number;
}

Result<void> SqliteHistory::write_daily_price(const DailyPrice& price) {
    return execute(*writer_, "INSERT OR REPLACE INTO daily_prices (asset, day, usd, time, source) VALUES (?, ?, ?, ?, ?)",
                   [&](Run& run) { run.bind(price.asset).bind(price.day).bind(price.usd).bind(price.time).bind(price.source); });
}

Result<std::vector<std::uint64_t>> SqliteHistory::commit(const CommitBatch& batch) {
    if (!batch.snapshot && !batch.reports.empty())
        return fail(ErrorCode::bad_input, fmt::format("a batch of {} reports has no snapshot that they are of", batch.reports.size()));
    const std::lock_guard lock(writing_);
    auto transaction = sqlite::Transaction::begin(*writer_);
    if (!transaction) return fail(transaction.error());
    for (const Orphaned& orphaned : batch.orphaned)
        if (auto done = write_orphaned(orphaned); !done) return fail(done.error());
    if (batch.snapshot) {
        if (auto done = prune(*writer_, *batch.snapshot, keep_full_days_); !done) return fail(done.error());
        const auto id = write_snapshot(*batch.snapshot);
        if (!id) return fail(id.error());
        for (const ReportText& report : batch.reports)
            if (auto done = write_report(*id, batch.snapshot->time, report); !done) return fail(done.error());
    }
    if (batch.memory)
        if (auto done = write_memory(*batch.memory); !done) return fail(done.error());
    for (const DailyPrice& price : batch.daily_prices)
        if (auto done = write_daily_price(price); !done) return fail(done.error());
    std::vector<std::uint64_t> numbers;
    for (const EventText& event : batch.events) {
        const auto number = write_event(event);
        if (!number) return fail(number.error());
        numbers.push_back(*number);
    }
    if (auto done = (*transaction)->commit(); !done) return fail(done.error());
    return numbers;
}

Result<void> SqliteHistory::update_outbox(std::string_view sql, std::uint64_t event, const std::string& sink, const std::function<void(Run&)>& bind) {
    const std::lock_guard lock(writing_);
    auto done = execute(*writer_, sql, [&](Run& run) {
        bind(run);
        run.bind(event).bind(sink);
    });
    if (done && writer_->changes() == 0)
        return fail(ErrorCode::missing, fmt::format("no outbox row for event {} and sink '{}'", event, sink));
    return done;
}

Result<void> SqliteHistory::mark_delivered(std::uint64_t event, const std::string& sink, std::int64_t wall_time) {
    return update_outbox("UPDATE outbox SET attempts = attempts + 1, last_error = NULL, delivered_at = ? WHERE event = ? AND sink = ?", event, sink,
                         [&](Run& run) { run.bind(wall_time); });
}

Result<void> SqliteHistory::mark_failed(std::uint64_t event, const std::string& sink, const std::string& error) {
    return update_outbox("UPDATE outbox SET attempts = attempts + 1, last_error = ? WHERE event = ? AND sink = ?", event, sink,
                         [&](Run& run) { run.bind(error); });
}

// One statement, so that a commit that drops old memories cannot come between a memory and its blocks.
Result<std::optional<MemoryText>> SqliteHistory::read_memory(std::string_view sql, const std::function<void(Run&)>& bind) {
    const std::lock_guard lock(writing_);
    std::optional<MemoryText> out;
    auto done = query(*writer_, sql, bind, [&](const Run& row) -> Result<void> {
        if (!out) out = MemoryText{row.integer(4), {}, row.text(5)};
        // A memory without blocks is one row without a block.
        if (row.is_null(0)) return {};
        const auto block = read_block(row);
        if (!block) return fail(block.error());
        out->blocks.push_back(*block);
        return {};
    });
    if (!done) return fail(done.error());
    return out;
}

Result<std::optional<MemoryText>> SqliteHistory::latest_memory() {
    return read_memory("SELECT b.chain, b.number, b.hash, b.time, m.time, m.json FROM "
                       "(SELECT * FROM memories WHERE orphaned = 0 ORDER BY number DESC LIMIT 1) m "
                       "LEFT JOIN memory_blocks b ON b.memory = m.number ORDER BY b.chain", [](Run&) {});
}

Result<std::optional<MemoryText>> SqliteHistory::memory_at(model::ChainId chain, std::uint64_t number) {
    return read_memory("SELECT b.chain, b.number, b.hash, b.time, m.time, m.json FROM (SELECT * FROM memories c WHERE orphaned = 0 AND NOT EXISTS "
                       "(SELECT 1 FROM memory_blocks d WHERE d.memory = c.number AND d.chain = ? AND d.number > ?) ORDER BY number DESC LIMIT 1) m "
                       "LEFT JOIN memory_blocks b ON b.memory = m.number ORDER BY b.chain",
                       [&](Run& run) { run.bind(chain.value).bind(number); });
}

Result<std::optional<model::BlockRef>> SqliteHistory::block_at(model::ChainId chain, std::uint64_t number) {
    const std::lock_guard lock(writing_);
    std::optional<model::BlockRef> out;
    auto done = query(*writer_,
        "SELECT b.chain, b.number, b.hash, b.time FROM snapshot_blocks b JOIN snapshots s ON s.id = b.snapshot "
        "WHERE b.chain = ? AND b.number <= ? AND s.orphaned = 0 ORDER BY b.number DESC LIMIT 1",
        [&](Run& run) { run.bind(chain.value).bind(number); },
        [&](const Run& row) -> Result<void> {
            const auto block = read_block(row);
            if (!block) return fail(block.error());
            out = *block;
            return {};
        });
    if (!done) return fail(done.error());
    return out;
}

Result<std::optional<std::uint64_t>> SqliteHistory::snapshot_id(const std::string& portfolio, std::int64_t time) {
    std::optional<std::uint64_t> id;
    auto done = query(*reader_,
        "SELECT p.snapshot FROM points p JOIN snapshots s ON s.id = p.snapshot WHERE p.portfolio = ? AND p.time <= ? AND s.orphaned = 0 "
        "ORDER BY p.time DESC, p.snapshot DESC LIMIT 1",
        [&](Run& run) { run.bind(portfolio).bind(time); },
        [&](const Run& row) -> Result<void> { id = static_cast<std::uint64_t>(row.integer(0)); return {}; });
    if (!done) return fail(done.error());
    return id;
}

tl::unexpected<model::Error> SqliteHistory::dropped(const std::string& portfolio, std::int64_t asked, std::int64_t time) const {
    return fail(ErrorCode::missing, fmt::format("portfolio '{}' at {}: the snapshot of {} is older than keep_full_days = {} and was dropped; its figures "
                                                "are in the history", portfolio, asked, time, keep_full_days_));
}

// A commit may prune between two statements.
Result<std::optional<SnapshotText>> SqliteHistory::snapshot_at(const std::string& portfolio, std::int64_t time) {
    const std::lock_guard lock(reading_);
    const auto transaction = sqlite::Transaction::begin_reading(*reader_);
    if (!transaction) return fail(transaction.error());
    const auto id = snapshot_id(portfolio, time);
    if (!id) return fail(id.error());
    std::optional<SnapshotText> out;
    if (!*id) return out;
    const auto bind = [&](Run& run) { run.bind(**id); };
    auto done = query(*reader_, "SELECT s.hash, s.time, b.json FROM snapshots s LEFT JOIN snapshot_bodies b ON b.snapshot = s.id WHERE s.id = ?", bind, [&](const Run& row) -> Result<void> {
        if (row.is_null(2)) return dropped(portfolio, time, row.integer(1));
        const auto hash = row.bytes32(0);
        if (!hash) return fail(hash.error());
        out = SnapshotText{*hash, row.integer(1), {}, row.text(2), {}};
        return {};
    });
    if (!done) return fail(done.error());
    if (!out) return out;
    done = query(*reader_, "SELECT chain, number, hash, time FROM snapshot_blocks WHERE snapshot = ? ORDER BY chain", bind,
                 [&](const Run& row) -> Result<void> {
                     const auto block = read_block(row);
                     if (!block) return fail(block.error());
                     out->blocks.push_back(*block);
                     return {};
                 });
    if (!done) return fail(done.error());
    done = query(*reader_, "SELECT f.hash, f.json FROM snapshot_facts s JOIN facts f ON f.id = s.facts WHERE s.snapshot = ? ORDER BY f.hash", bind,
                 [&](const Run& row) -> Result<void> {
                     const auto hash = row.bytes32(0);
                     if (!hash) return fail(hash.error());
                     out->facts.push_back({*hash, row.text(1)});
                     return {};
                 });
    if (!done) return fail(done.error());
    return out;
}

Result<std::optional<std::string>> SqliteHistory::report_at(const std::string& portfolio, std::int64_t time) {
    const std::lock_guard lock(reading_);
    const auto transaction = sqlite::Transaction::begin_reading(*reader_);
    if (!transaction) return fail(transaction.error());
    const auto id = snapshot_id(portfolio, time);
    if (!id) return fail(id.error());
    std::optional<std::string> out;
    if (!*id) return out;
    auto done = query(*reader_, "SELECT s.time, r.json FROM snapshots s LEFT JOIN reports r ON r.snapshot = s.id AND r.portfolio = ? WHERE s.id = ?",
                      [&](Run& run) { run.bind(portfolio).bind(**id); },
                      [&](const Run& row) -> Result<void> {
                          if (row.is_null(1)) return dropped(portfolio, time, row.integer(0));
                          out = row.text(1);
                          return {};
                      });
    if (!done) return fail(done.error());
    return out;
}

Result<std::vector<HistoryPoint>> SqliteHistory::points(const std::string& portfolio, std::int64_t from, std::int64_t to, std::int64_t step) {
    if (step < 1 || from < 0 || to < from)
        return fail(ErrorCode::bad_input, fmt::format("history from {} to {} in steps of {} s: times must be 0 or more, from at most to, a step 1 or more", from, to, step));
    if ((to - from) / step >= max_points)
        return fail(ErrorCode::limit, fmt::format("history from {} to {} in steps of {} s has more than {} buckets; take a longer step", from, to, step, max_points));
    const std::lock_guard lock(reading_);
    std::vector<HistoryPoint> out;
    auto done = query(*reader_,
        "SELECT p.time, p.level, p.reason, p.binding, p.z, p.room, p.equity_usd, p.mm_usd, p.cover, p.h_u, p.z_u, p.net_delta_usd, p.netting_usd "
        "FROM points p JOIN snapshots s ON s.id = p.snapshot WHERE p.portfolio = ? AND p.time BETWEEN ? AND ? AND s.orphaned = 0 "
        "ORDER BY p.time, p.snapshot",
        [&](Run& run) { run.bind(portfolio).bind(from).bind(to); },
        [&](const Run& row) -> Result<void> {
            HistoryPoint point{row.integer(0), row.text(1), row.text(2), row.text(3), row.real(4), row.real(5), row.real(6),
                               row.real(7), row.real(8), row.real(9), row.real(10), row.real(11), row.real(12)};
            if (!out.empty() && out.back().time / step == point.time / step) out.back() = std::move(point);
            else out.push_back(std::move(point));
            return {};
        });
    if (!done) return fail(done.error());
    return out;
}

Result<std::vector<StoredEvent>> SqliteHistory::events(std::uint64_t after, std::size_t limit) {
    const std::lock_guard lock(reading_);
    std::vector<StoredEvent> out;
    auto done = query(*reader_, "SELECT number, json FROM events WHERE number > ? ORDER BY number LIMIT ?",
                      [&](Run& run) { run.bind(after).bind(std::uint64_t{limit}); },
                      [&](const Run& row) -> Result<void> { out.push_back({static_cast<std::uint64_t>(row.integer(0)), row.text(1)}); return {}; });
    if (!done) return fail(done.error());
    return out;
}

Result<std::vector<StoredEvent>> SqliteHistory::open_incidents() {
    const std::lock_guard lock(reading_);
    std::vector<StoredEvent> out;
    auto done = query(*reader_, "SELECT e.number, e.json FROM incidents i JOIN events e ON e.number = i.last_event WHERE i.ended = 0 ORDER BY e.number",
                      [](Run&) {},
                      [&](const Run& row) -> Result<void> { out.push_back({static_cast<std::uint64_t>(row.integer(0)), row.text(1)}); return {}; });
    if (!done) return fail(done.error());
    return out;
}

Result<std::vector<OutboxRow>> SqliteHistory::undelivered(const std::string& sink, std::uint64_t after, std::size_t limit) {
    const std::lock_guard lock(writing_);
    std::vector<OutboxRow> out;
    auto done = query(*writer_,
        "SELECT o.event, e.incident, e.sequence, o.attempts, e.json FROM outbox o JOIN events e ON e.number = o.event WHERE o.sink = ? AND o.delivered_at IS NULL AND o.event > ? ORDER BY o.event LIMIT ?",
        [&](Run& run) { run.bind(sink).bind(after).bind(std::uint64_t{limit}); },
        [&](const Run& row) -> Result<void> {
            const auto incident = row.bytes32(1);
            if (!incident) return fail(incident.error());
            out.push_back({static_cast<std::uint64_t>(row.integer(0)), *incident, static_cast<std::uint64_t>(row.integer(2)),
                           static_cast<std::uint64_t>(row.integer(3)), row.text(4)});
            return {};
        });
    if (!done) return fail(done.error());
    return out;
}

Result<std::vector<DailyPrice>> SqliteHistory::daily_prices(std::int64_t day) {
    const std::lock_guard lock(writing_);
    std::vector<DailyPrice> out;
    auto done = query(*writer_, "SELECT asset, day, usd, time, source FROM daily_prices WHERE day >= ? ORDER BY asset, day", [&](Run& run) { run.bind(day); },
                      [&](const Run& row) -> Result<void> {
                          out.push_back({row.text(0), row.integer(1), row.real(2).value_or(0), row.integer(3), row.text(4)});
                          return {};
                      });
    if (!done) return fail(done.error());
    return out;
}

Result<std::optional<SearchText>> SqliteHistory::search(const model::Bytes32& id) {
    const std::lock_guard lock(writing_);
    return read_search(*writer_, id);
}

Result<void> SqliteHistory::keep_searches(std::span<const SearchText> searches) {
    const std::lock_guard lock(writing_);
    return write_searches(*writer_, searches);
}

Result<void> configure(Connection& writer, const std::string& file, const SqliteOptions& options) {
    // Pages are counted from the first one, so the bound stands before anything is written.
    if (auto done = writer.execute("PRAGMA page_size = 4096"); !done) return done;
    if (options.max_pages != 0) {
        if (auto done = writer.execute(fmt::format("PRAGMA max_page_count = {}", options.max_pages)); !done) return done;
    }
    auto statement = writer.statement("PRAGMA journal_mode = WAL");
    if (!statement) return fail(statement.error());
    Run run = (*statement)->run();
    const auto row = run.step();
    if (!row) return fail(row.error());
    const std::string mode = run.text(0);
    if (mode != "wal") return fail(ErrorCode::storage, fmt::format("database {}: its file system allows journal mode '{}' only, WAL is needed; give a path on a local disk", file, mode));
    // FULL: a committed incident outlives a power cut before it is sent.
    return writer.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; "
                          // Debian builds SQLite to overwrite what it frees: each page that is dropped would be written once more.
                          "PRAGMA secure_delete = OFF; "
                          // A log that one large transaction blew up is cut back.
                          "PRAGMA journal_size_limit = 67108864");
}

}  // namespace

Result<std::unique_ptr<History>> open_sqlite(const std::filesystem::path& file, const SqliteOptions& options) {
    const int timeout = static_cast<int>(options.busy_timeout.count());
    auto writer = Connection::open(file, sqlite::Mode::read_write, timeout);
    if (!writer) return fail(writer.error());
    auto lock = FileLock::take(file);
    if (!lock) return fail(lock.error());
    if (auto done = check_owner(**writer, file.string()); !done) return fail(done.error());
    if (auto done = configure(**writer, file.string(), options); !done) return fail(done.error());
    if (auto done = migrate(**writer); !done) return fail(done.error());
    auto reader = Connection::open(file, sqlite::Mode::read_only, timeout);
    if (!reader) return fail(reader.error());
    return std::unique_ptr<History>(std::make_unique<SqliteHistory>(std::move(*lock), std::move(*writer), std::move(*reader), options.keep_full_days));
}

}  // namespace margind::storage
