-- The database of schema version 4 with two commits, a search and a daily price, as it was released. Never changed.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    incident BLOB NOT NULL REFERENCES incidents (id),
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    time INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT;
INSERT INTO events VALUES(1,X'e7dc3bb54c7e738bcd13b6f804059c5642571b6c14b7ebff6e1ee78daaf2de10',1,'opened','warn',1,'1');
INSERT INTO events VALUES(2,X'70a2eee6aef63be1b6ed7ddc644d48fb6dda01eb3d15d9451d9402ca4262ef0c',1,'opened','warn',2,'2');
CREATE TABLE facts (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    json TEXT NOT NULL
) STRICT;
INSERT INTO facts VALUES(1,X'c89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc6','1');
INSERT INTO facts VALUES(2,X'ad7c5bef027816a800da1736444fb58a807ef4c9603b7848673f7e3a68eb14a5','2');
CREATE TABLE incidents (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    portfolio TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    level TEXT NOT NULL,
    ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
    last_event INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO incidents VALUES(X'70a2eee6aef63be1b6ed7ddc644d48fb6dda01eb3d15d9451d9402ca4262ef0c','desk',2,'warn',0,2);
INSERT INTO incidents VALUES(X'e7dc3bb54c7e738bcd13b6f804059c5642571b6c14b7ebff6e1ee78daaf2de10','desk',1,'warn',0,1);
CREATE TABLE memories (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    orphaned INTEGER NOT NULL DEFAULT 0 CHECK (orphaned IN (0, 1)),
    json TEXT NOT NULL
) STRICT;
INSERT INTO memories VALUES(1,1,0,'1');
INSERT INTO memories VALUES(2,2,0,'2');
CREATE TABLE memory_blocks (
    memory INTEGER NOT NULL REFERENCES memories (number) ON DELETE CASCADE,
    chain INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    time INTEGER NOT NULL,
    PRIMARY KEY (memory, chain)
) STRICT, WITHOUT ROWID;
INSERT INTO memory_blocks VALUES(1,1,1,X'4a09bf59456901aaf706d13f33481fda03ce6eb1ea3785070cb42ca14c0c048c',1);
INSERT INTO memory_blocks VALUES(2,1,2,X'2eaa2032d5f2b45ec2c28031ff936f53243c7005be4ad621b92191779dd1251c',2);
CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;
INSERT INTO migrations VALUES(1,'first schema',1767225600);
INSERT INTO migrations VALUES(2,'retention',1795132800);
INSERT INTO migrations VALUES(3,'searches',1797811200);
INSERT INTO migrations VALUES(4,'daily prices',1799020800);
CREATE TABLE outbox (
    event INTEGER NOT NULL REFERENCES events (number),
    sink TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER,
    last_error TEXT,
    PRIMARY KEY (event, sink)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox VALUES(1,'hook',1,NULL,'HTTP 500');
INSERT INTO outbox VALUES(1,'log',1,1767225600,NULL);
INSERT INTO outbox VALUES(2,'hook',0,NULL,NULL);
INSERT INTO outbox VALUES(2,'log',0,NULL,NULL);
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
INSERT INTO points VALUES('desk',1,1,'warn','z below 2','',1.5,NULL,1000.25,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO points VALUES('desk',2,2,'warn','z below 2','',1.5,NULL,1000.25,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE reports (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    portfolio TEXT NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (snapshot, portfolio)
) STRICT;
INSERT INTO reports VALUES(1,'desk','1');
INSERT INTO reports VALUES(2,'desk','2');
CREATE TABLE snapshot_blocks (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    chain INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    time INTEGER NOT NULL,
    PRIMARY KEY (snapshot, chain)
) STRICT, WITHOUT ROWID;
INSERT INTO snapshot_blocks VALUES(1,1,1,X'4a09bf59456901aaf706d13f33481fda03ce6eb1ea3785070cb42ca14c0c048c',1);
INSERT INTO snapshot_blocks VALUES(2,1,2,X'2eaa2032d5f2b45ec2c28031ff936f53243c7005be4ad621b92191779dd1251c',2);
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    time INTEGER NOT NULL,
    orphaned INTEGER NOT NULL DEFAULT 0 CHECK (orphaned IN (0, 1))) STRICT;
INSERT INTO snapshots VALUES(1,X'2217acd7ad0f4746f99625a00c7d8d3c7b2cffdf5118f5fc5faca80382fd852f',1,0);
INSERT INTO snapshots VALUES(2,X'73820e0e52154d847ba29a8a5e9ea1a1acd353e9aa725d5806c4ab64caea8bce',2,0);
CREATE TABLE snapshot_bodies (
    snapshot INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
    json TEXT NOT NULL
) STRICT;
INSERT INTO snapshot_bodies VALUES(1,'1');
INSERT INTO snapshot_bodies VALUES(2,'2');
CREATE TABLE IF NOT EXISTS "snapshot_facts" (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    facts INTEGER NOT NULL,
    PRIMARY KEY (snapshot, facts)
) STRICT, WITHOUT ROWID;
INSERT INTO snapshot_facts VALUES(1,1);
INSERT INTO snapshot_facts VALUES(2,2);
CREATE TABLE last_uses (
    facts INTEGER PRIMARY KEY REFERENCES facts (id),
    snapshot INTEGER NOT NULL
) STRICT;
INSERT INTO last_uses VALUES(1,1);
INSERT INTO last_uses VALUES(2,2);
CREATE TABLE searches (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    next INTEGER NOT NULL,
    agreed INTEGER NOT NULL,
    points TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO searches VALUES(X'1111111111111111111111111111111111111111111111111111111111111111',120,101,'[[100,"0x2222222222222222222222222222222222222222222222222222222222222222"]]');
CREATE TABLE found_logs (
    search BLOB NOT NULL REFERENCES searches (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    log_index INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (search, number, log_index, json)
) STRICT, WITHOUT ROWID;
INSERT INTO found_logs VALUES(X'1111111111111111111111111111111111111111111111111111111111111111',77,3,'{"address":"0x3333333333333333333333333333333333333333","block":"0x4444444444444444444444444444444444444444444444444444444444444444","data":"0x01","topics":["0x5555555555555555555555555555555555555555555555555555555555555555"]}');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('memories',2);
INSERT INTO sqlite_sequence VALUES('events',2);
CREATE INDEX snapshot_blocks_by_number ON snapshot_blocks (chain, number);
CREATE INDEX incidents_open ON incidents (last_event) WHERE ended = 0;
CREATE INDEX outbox_undelivered ON outbox (sink, event) WHERE delivered_at IS NULL;
CREATE INDEX last_uses_by_snapshot ON last_uses (snapshot);
CREATE TABLE daily_prices (
    asset TEXT NOT NULL,
    day INTEGER NOT NULL,
    usd REAL NOT NULL,
    time INTEGER NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (asset, day)
) STRICT, WITHOUT ROWID;
INSERT INTO daily_prices VALUES('ETH',20454,3000.5,1767311988,'chainlink:1:0x5f4e');
COMMIT;
PRAGMA user_version = 4;
PRAGMA application_id = 1835495012;
