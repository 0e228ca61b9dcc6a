// Dropping what is older than is kept, a bounded part in each commit.
#include "storage/retention.hpp"

#include "storage/statements.hpp"

#include <cstdlib>
#include <vector>

namespace margind::storage {
namespace {

using sqlite::Connection;
using sqlite::execute;
using sqlite::query;
using Run = sqlite::Statement::Run;

// From the oldest on, up to the first that is kept: facts are then garbage when the newest snapshot that names them is older
// than all kept ones. A time far in the future is one that no chain stands by any longer.
Result<void> prune_snapshots(Connection& connection, std::int64_t newest, std::uint32_t keep_full_days) {
    constexpr std::int64_t day_s = 86'400;
    std::vector<std::uint64_t> old;
    bool reached_kept = false;
    auto done = query(connection, "SELECT b.snapshot, s.time FROM snapshot_bodies b JOIN snapshots s ON s.id = b.snapshot ORDER BY b.snapshot LIMIT ?",
                      [&](Run& run) { run.bind(pruned_snapshots_per_commit); },
                      [&](const Run& row) -> Result<void> {
                          reached_kept = reached_kept || std::abs(newest - row.integer(1)) <= keep_full_days * day_s;
                          if (!reached_kept) old.push_back(static_cast<std::uint64_t>(row.integer(0)));
                          return {};
                      });
    if (!done) return done;
    for (const std::uint64_t id : old) {
        const auto bind = [&](Run& run) { run.bind(id); };
        for (const char* sql : {"DELETE FROM snapshot_bodies WHERE snapshot = ?", "DELETE FROM reports WHERE snapshot = ?",
                                "DELETE FROM snapshot_facts WHERE snapshot = ?"})
            if (done = execute(connection, sql, bind); !done) return done;
    }
    return {};
}

Result<void> prune_facts(Connection& connection, std::uint64_t most) {
    std::vector<std::uint64_t> garbage;
    auto done = query(connection,
        "SELECT facts FROM last_uses WHERE snapshot < coalesce((SELECT min(snapshot) FROM snapshot_bodies), 9223372036854775807) "
        "ORDER BY snapshot LIMIT ?",
        [&](Run& run) { run.bind(most); },
        [&](const Run& row) -> Result<void> { garbage.push_back(static_cast<std::uint64_t>(row.integer(0))); return {}; });
    if (!done) return done;
    for (const std::uint64_t facts : garbage) {
        const auto bind = [&](Run& run) { run.bind(facts); };
        if (done = execute(connection, "DELETE FROM last_uses WHERE facts = ?", bind); !done) return done;
        if (done = execute(connection, "DELETE FROM facts WHERE id = ?", bind); !done) return done;
    }
    return {};
}

}  // namespace

Result<void> prune(Connection& writer, const SnapshotText& next, std::uint32_t keep_full_days) {
    if (auto done = prune_snapshots(writer, next.time, keep_full_days); !done) return done;
    return prune_facts(writer, pruned_facts_per_commit + next.facts.size());
}

}  // namespace margind::storage
