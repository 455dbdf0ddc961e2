// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_schema.h"

#include <array>
#include <string>

namespace gw::store {
namespace {

constexpr std::int64_t kApplicationId = 0x47575244;  // "GWRD"

// Script N brings a file of version N to N + 1. A script that was released is never changed.
constexpr std::array kMigrations{
    R"(
CREATE TABLE families(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  backend TEXT NOT NULL,
  scope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  generation INTEGER NOT NULL,  -- of the current token
  revoked INTEGER NOT NULL
) STRICT;
CREATE INDEX families_by_subject ON families(subject, created_at);
CREATE INDEX families_by_expiry ON families(expires_at);

CREATE TABLE tokens(
  hash BLOB NOT NULL PRIMARY KEY,
  family INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_family ON tokens(family);

CREATE TABLE revocations(
  kind INTEGER NOT NULL,
  value TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY(kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_by_until ON revocations(until);

CREATE TABLE attempts(key TEXT NOT NULL, counts_until INTEGER NOT NULL) STRICT;
CREATE INDEX attempts_by_key ON attempts(key, counts_until);
CREATE INDEX attempts_by_until ON attempts(counts_until);

CREATE TABLE locks(key TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX locks_by_until ON locks(until);

CREATE TABLE addresses(
  subject TEXT NOT NULL,
  address TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY(subject, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX addresses_by_seen ON addresses(seen_at);
)",
    // `change` grows with every change, so that other processes find what is new to them.
    R"(
ALTER TABLE revocations RENAME TO revocations_1;
DROP INDEX revocations_by_until;
CREATE TABLE revocations(
  change INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  issuer TEXT NOT NULL,
  value TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  ends_sessions INTEGER NOT NULL,
  UNIQUE(kind, value, issuer)
) STRICT;
CREATE INDEX revocations_by_until ON revocations(until);
INSERT INTO revocations(kind, issuer, value, at, until, ends_sessions)
  SELECT kind, '', value, at, until, 1 FROM revocations_1;
DROP TABLE revocations_1;
)",
    R"(
ALTER TABLE families ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE families ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE families ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE locks ADD COLUMN times INTEGER NOT NULL DEFAULT 1;

CREATE TABLE records(
  kind INTEGER NOT NULL,
  key BLOB NOT NULL,
  owner TEXT NOT NULL,
  value TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY(kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_by_until ON records(until);
)",
    R"(
ALTER TABLE families ADD COLUMN bound_key TEXT NOT NULL DEFAULT '';
ALTER TABLE families ADD COLUMN bound_certificate TEXT NOT NULL DEFAULT '';
)",
};

Error refuse(const std::string& path, const char* why) {
  return {Fault::store_unavailable, path + ": " + why};
}

Status check_origin(SqliteDb& db, const std::string& path) {
  const auto tables = db.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  const auto application = db.number("PRAGMA application_id");
  if (!application) return application.error();
  if (*application != kApplicationId && (*application != 0 || *tables != 0))
    return refuse(path, "is a database of something else, not a session store");
  return {};
}

Status check_pages(SqliteDb& db, const std::string& path) {
  Query check = db.query("PRAGMA quick_check(1)");
  const Result<bool> row = check.next();
  if (!row) return row.error();
  if (!*row || check.text(0) != "ok")
    return refuse(path, "is damaged; restore it, or move it away to begin anew");
  return {};
}

Status use_write_ahead_log(SqliteDb& db, const std::string& path) {
  Query mode = db.query("PRAGMA journal_mode = WAL");
  const Result<bool> row = mode.next();
  if (!row) return row.error();
  if (!*row || mode.text(0) != "wal") return refuse(path, "its file system cannot hold a write-ahead log");
  return {};
}

Status migrate(SqliteDb& db, const std::string& path) {
  const auto version = db.number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version > static_cast<std::int64_t>(kMigrations.size()))
    return refuse(path, "was made by a newer gateway");
  for (auto step = static_cast<std::size_t>(*version); step < kMigrations.size(); ++step)
    if (Status done = db.execute(kMigrations[step]); !done) return done;
  return db.execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                    "; PRAGMA user_version = " + std::to_string(kMigrations.size()));
}

}  // namespace

Status prepare_schema(SqliteDb& db, const std::string& path) {
  if (Status ours = check_origin(db, path); !ours) return ours;
  if (Status sound = check_pages(db, path); !sound) return sound;
  if (Status set = use_write_ahead_log(db, path); !set) return set;
  // Two gateways that start at once migrate one after the other: the second finds it done.
  if (Status begun = db.execute("BEGIN IMMEDIATE"); !begun) return begun;
  Status migrated = migrate(db, path);
  if (migrated) migrated = db.execute("COMMIT");
  if (!migrated && db.is_in_transaction()) (void)db.execute("ROLLBACK");
  return migrated;
}

}  // namespace gw::store
