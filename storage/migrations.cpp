// Migrations, oldest first. One that was released is never changed: the next one alters what it made.
#include "storage/migrations.hpp"

#include <fmt/format.h>

#include <array>

namespace margind::storage {
namespace {

using model::ErrorCode;
using model::fail;
using model::Result;

/// "mgnd", so that another program's database is not taken for ours.
constexpr std::int64_t application_id = 0x6d676e64;

struct Migration {
    std::int64_t version;
    const char* name;
    const char* sql;
};

/// Hashes are BLOBs of 32 bytes. Integers of chains are in the JSON texts, never REAL; REAL columns are statistics.
constexpr const char* first_schema = R"sql(
CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;

CREATE TABLE facts (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    json TEXT NOT NULL
) STRICT;

CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    time INTEGER NOT NULL,
    orphaned INTEGER NOT NULL DEFAULT 0 CHECK (orphaned IN (0, 1)),
    json TEXT NOT NULL
) STRICT;

CREATE TABLE snapshot_blocks (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    chain INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    time INTEGER NOT NULL,
    PRIMARY KEY (snapshot, chain)
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshot_blocks_by_number ON snapshot_blocks (chain, number);

CREATE TABLE snapshot_facts (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    facts INTEGER NOT NULL REFERENCES facts (id),
    PRIMARY KEY (snapshot, facts)
) STRICT, WITHOUT ROWID;

CREATE TABLE points (
    portfolio TEXT NOT NULL,
    time INTEGER NOT NULL,
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    level TEXT NOT NULL,
    reason TEXT NOT NULL,
    binding TEXT NOT NULL,
    z REAL,
    room REAL,
    equity_usd REAL,
    mm_usd REAL,
    cover REAL,
    h_u REAL,
    z_u REAL,
    net_delta_usd REAL,
    netting_usd REAL,
    PRIMARY KEY (portfolio, time, snapshot)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    portfolio TEXT NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (snapshot, portfolio)
) STRICT;

CREATE TABLE memories (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    orphaned INTEGER NOT NULL DEFAULT 0 CHECK (orphaned IN (0, 1)),
    json TEXT NOT NULL
) STRICT;

CREATE TABLE memory_blocks (
    memory INTEGER NOT NULL REFERENCES memories (number) ON DELETE CASCADE,
    chain INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    time INTEGER NOT NULL,
    PRIMARY KEY (memory, chain)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    portfolio TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    level TEXT NOT NULL,
    ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
    last_event INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_open ON incidents (last_event) WHERE ended = 0;

CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    incident BLOB NOT NULL REFERENCES incidents (id),
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    time INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
    event INTEGER NOT NULL REFERENCES events (number),
    sink TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER,
    last_error TEXT,
    PRIMARY KEY (event, sink)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_undelivered ON outbox (sink, event) WHERE delivered_at IS NULL;
)sql";

/// What dropping old snapshots needs: their large texts in a table of their own, as rows that shrink in place leave pages half
/// empty, and the newest snapshot that names each facts. The foreign key of snapshot_facts on facts goes: to check it, each
/// deletion of facts would search the whole table.
constexpr const char* retention = R"sql(
CREATE TABLE snapshot_bodies (
    snapshot INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
    json TEXT NOT NULL
) STRICT;
INSERT INTO snapshot_bodies SELECT id, json FROM snapshots ORDER BY id;
ALTER TABLE snapshots DROP COLUMN json;

CREATE TABLE new_snapshot_facts (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    facts INTEGER NOT NULL,
    PRIMARY KEY (snapshot, facts)
) STRICT, WITHOUT ROWID;
INSERT INTO new_snapshot_facts SELECT snapshot, facts FROM snapshot_facts ORDER BY snapshot, facts;
DROP TABLE snapshot_facts;
ALTER TABLE new_snapshot_facts RENAME TO snapshot_facts;

CREATE TABLE last_uses (
    facts INTEGER PRIMARY KEY REFERENCES facts (id),
    snapshot INTEGER NOT NULL
) STRICT;
INSERT INTO last_uses SELECT facts, max(snapshot) FROM snapshot_facts GROUP BY facts;
CREATE INDEX last_uses_by_snapshot ON last_uses (snapshot);
)sql";

/// Searches over whole chains go on where they were. Two operators may say different things of one place: both are kept.
constexpr const char* searches = R"sql(
CREATE TABLE searches (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    next INTEGER NOT NULL,
    agreed INTEGER NOT NULL,
    points TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE found_logs (
    search BLOB NOT NULL REFERENCES searches (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    log_index INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (search, number, log_index, json)
) STRICT, WITHOUT ROWID;
)sql";

/// Volatility goes on over the closes of days that the calibration does not know.
constexpr const char* daily_prices = R"sql(
CREATE TABLE daily_prices (
    asset TEXT NOT NULL,
    day INTEGER NOT NULL,
    usd REAL NOT NULL,
    time INTEGER NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (asset, day)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array migrations = {
    Migration{1, "first schema", first_schema},
    Migration{2, "retention", retention},
    Migration{3, "searches", searches},
    Migration{4, "daily prices", daily_prices},
};

Result<void> apply(sqlite::Connection& connection, const Migration& migration) {
    auto transaction = sqlite::Transaction::begin(connection);
    if (!transaction) return fail(transaction.error());
    const auto version = connection.integer("PRAGMA user_version");
    if (!version) return fail(version.error());
    // Another process may have done it while this one waited for the lock.
    if (*version >= migration.version) return {};
    if (auto done = connection.execute(migration.sql); !done) return done;
    auto record = connection.statement("INSERT INTO migrations (version, name, applied_at) VALUES (?, ?, unixepoch())");
    if (!record) return fail(record.error());
    if (auto done = (*record)->run().bind(migration.version).bind(migration.name).done(); !done) return done;
    if (auto done = connection.execute(fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", migration.version, application_id)); !done)
        return done;
    return (*transaction)->commit();
}

}  // namespace

std::int64_t schema_version() { return migrations.back().version; }

Result<void> check_owner(sqlite::Connection& connection, const std::string& file) {
    const auto tables = connection.integer("SELECT count(*) FROM sqlite_schema");
    if (!tables) return fail(tables.error());
    const auto owner = connection.integer("PRAGMA application_id");
    if (!owner) return fail(owner.error());
    if (*tables != 0 && *owner != application_id)
        return fail(ErrorCode::storage, fmt::format("database {}: it belongs to another program (application_id {}); give another path", file, *owner));
    const auto version = connection.integer("PRAGMA user_version");
    if (!version) return fail(version.error());
    if (*version > schema_version())
        return fail(ErrorCode::storage, fmt::format("database {}: its schema version {} is newer than {}, the newest that this program knows; "
                                                    "use the newer program or another path", file, *version, schema_version()));
    return {};
}

Result<void> migrate(sqlite::Connection& connection) {
    const auto version = connection.integer("PRAGMA user_version");
    if (!version) return fail(version.error());
    for (const Migration& migration : migrations) {
        if (migration.version <= *version) continue;
        if (auto done = apply(connection, migration); !done) return done;
    }
    return {};
}

}  // namespace margind::storage
