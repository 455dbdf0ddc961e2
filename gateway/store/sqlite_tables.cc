// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_tables.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>

namespace gw::store {
namespace {

constexpr WallSeconds kDay = 24 * 60 * 60;
// A lock within so long after the last one is longer than that.
constexpr WallSeconds kLockMemory = kDay;
// An expired token is told from a forged one for so long.
constexpr WallSeconds kExpiredFamilyMemory = kDay;

constexpr std::int64_t number_of(RevokedKind kind) {
  return static_cast<std::int64_t>(kind);
}

// Times are kept in whole seconds; rounding up never cuts short what was configured.
constexpr WallSeconds seconds_of(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

Revocation read_revocation(const Query& row) {
  return {static_cast<RevokedKind>(row.number(1)),
          row.text(2),
          row.number(3),
          row.number(4),
          row.text(5),
          row.number(6) != 0};
}

bool is_within_grace(WallSeconds used_at, WallSeconds now, Duration grace) {
  return grace > Duration::zero() && now - used_at <= seconds_of(grace);
}

}  // namespace

struct SqliteTables::Token {
  Rotation standing;  // `rotated` while its family lives
  std::int64_t family_key = 0;
  std::int64_t current_generation = 0;
  std::int64_t generation = 0;
  WallSeconds used_at = 0;
};

Result<StoreDump> SqliteTables::dump(WallSeconds now) {
  StoreDump dump;
  std::unordered_map<std::int64_t, std::size_t> by_key;
  Query rows = db_.query(
      "SELECT id, subject, backend, scope, created_at, expires_at, address, client, used_at, "
      "bound_key, bound_certificate, generation, revoked, key FROM families WHERE expires_at > ?",
      now);
  for (;;) {
    const Result<bool> row = rows.next();
    if (!row) return row.error();
    if (!*row) break;
    by_key.emplace(rows.number(13), dump.families.size());
    dump.families.push_back(
        {{rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.number(4), rows.number(5),
          rows.text(6), rows.text(7), rows.number(8), rows.text(9), rows.text(10)},
         rows.number(11),
         rows.number(12) != 0});
  }
  Query tokens = db_.query("SELECT hash, family, generation FROM tokens");
  for (;;) {
    const Result<bool> row = tokens.next();
    if (!row) return row.error();
    if (!*row) break;
    const auto family = by_key.find(tokens.number(1));
    if (family != by_key.end())
      dump.families[family->second].tokens.push_back({tokens.text(0), tokens.number(2)});
  }
  auto revocations = load_revocations(now);
  if (!revocations) return revocations.error();
  dump.revocations = std::move(*revocations);
  for (const RecordKind kind : {RecordKind::reset, RecordKind::api_key}) {
    auto records = list_records(kind, {}, now);
    if (!records) return records.error();
    std::move(records->begin(), records->end(), std::back_inserter(dump.records));
  }
  return dump;
}

Status SqliteTables::restore(const StoreDump& dump) {
  for (const Revocation& revocation : dump.revocations)
    if (Status revoked = revoke(revocation); !revoked) return revoked;
  for (const KeptFamily& kept : dump.families) {
    const Family& family = kept.family;
    Status inserted = db_.run(
        "INSERT OR IGNORE INTO families(id, subject, backend, scope, created_at, expires_at, address, "
        "client, "
        "used_at, bound_key, bound_certificate, generation, revoked) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?)",
        family.id, family.subject, family.backend, family.scope, family.created_at, family.expires_at,
        family.address, family.client, family.used_at, family.bound_key, family.bound_certificate,
        kept.generation, std::int64_t{kept.revoked ? 1 : 0});
    if (!inserted) return inserted;
    if (db_.changed_rows() == 0) continue;
    for (const KeptFamily::Token& token : kept.tokens) {
      // The one before the current was used when that was made.
      const WallSeconds used_at = token.generation < kept.generation ? family.used_at : 0;
      Status added = db_.run(
          "INSERT OR IGNORE INTO tokens(hash, family, generation, used_at) "
          "SELECT ?1, key, ?2, ?3 FROM families WHERE id = ?4",
          Blob{token.hash}, token.generation, used_at, family.id);
      if (!added) return added;
    }
  }
  for (const Record& record : dump.records)
    if (Status put = put_record(record); !put) return put;
  return {};
}

Status SqliteTables::open_family(const Family& family, const std::string& token_hash) {
  Status inserted = db_.run(
      "INSERT INTO families(id, subject, backend, scope, created_at, expires_at, address, client, "
      "bound_key, bound_certificate, generation, revoked) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?9, ?10, ?11, ?12, 0, "
      "EXISTS(SELECT 1 FROM revocations WHERE kind = ?7 AND value = ?2 AND at >= ?5 AND ends_sessions) OR "
      "EXISTS(SELECT 1 FROM revocations WHERE kind = ?8 AND at >= ?5 AND ends_sessions))",
      family.id, family.subject, family.backend, family.scope, family.created_at, family.expires_at,
      number_of(RevokedKind::subject), number_of(RevokedKind::issuer), family.address, family.client,
      family.bound_key, family.bound_certificate);
  if (!inserted) return inserted;
  return db_.run("INSERT INTO tokens(hash, family, generation) VALUES(?, last_insert_rowid(), 0)",
                 Blob{token_hash});
}

Result<Rotation> SqliteTables::rotate(const Presented& presented, WallSeconds now,
                                      std::vector<Revocation>& revoked) {
  Result<Token> found = find_token(presented.hash, now);
  if (!found) return found.error();
  Token& token = *found;
  if (token.standing.outcome != RotateOutcome::rotated) return token.standing;

  if (token.generation == token.current_generation) {
    if (Status advanced = advance(token, presented, now); !advanced) return advanced.error();
    return token.standing;
  }

  const bool is_previous = token.generation + 1 == token.current_generation;
  if (is_previous && is_within_grace(token.used_at, now, presented.grace)) {
    if (Status same = check_successor(token, presented); !same) return same.error();
    token.standing.outcome = RotateOutcome::repeated;
    return token.standing;
  }

  // RFC 9700 4.14.2: one of the two who hold this token is not its owner.
  Revocation session{RevokedKind::session, token.standing.family.id, now, presented.access_until};
  if (Status ended = revoke(session); !ended) return ended.error();
  revoked.push_back(std::move(session));
  token.standing.outcome = RotateOutcome::reused;
  return token.standing;
}

Result<Rotation> SqliteTables::find_family(const std::string& token_hash, WallSeconds now) {
  Result<Token> found = find_token(token_hash, now);
  if (!found) return found.error();
  return std::move(found->standing);
}

Result<std::vector<Family>> SqliteTables::list_families(const std::string& subject, WallSeconds now) {
  std::vector<Family> listed;
  Query rows = db_.query(
      "SELECT id, subject, backend, scope, created_at, expires_at, address, client, used_at, "
      "bound_key, bound_certificate FROM families WHERE subject = ? AND revoked = 0 AND expires_at > ? ORDER "
      "BY created_at DESC, key DESC LIMIT 1000",
      subject, now);
  for (;;) {
    const Result<bool> row = rows.next();
    if (!row) return row.error();
    if (!*row) return listed;
    listed.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.number(4), rows.number(5),
                      rows.text(6), rows.text(7), rows.number(8), rows.text(9), rows.text(10)});
  }
}

Status SqliteTables::revoke(const Revocation& revocation) {
  Status recorded = db_.run(
      "INSERT OR REPLACE INTO revocations(kind, issuer, value, at, until, ends_sessions) "
      "SELECT ?1, ?2, ?3, max(?4, ifnull(max(at), 0)), max(?5, ifnull(max(until), 0)), "
      "max(?6, ifnull(max(ends_sessions), 0)) FROM revocations WHERE kind = ?1 AND value = ?3 AND issuer = "
      "?2",
      number_of(revocation.kind), revocation.issuer, revocation.value, revocation.at, revocation.until,
      std::int64_t{revocation.ends_sessions ? 1 : 0});
  if (!recorded || !revocation.ends_sessions) return recorded;
  switch (revocation.kind) {
    case RevokedKind::token:
      return {};
    case RevokedKind::session:
      return db_.run("UPDATE families SET revoked = 1 WHERE id = ?", revocation.value);
    case RevokedKind::subject:
      return db_.run("UPDATE families SET revoked = 1 WHERE subject = ? AND created_at <= ?",
                     revocation.value, revocation.at);
    case RevokedKind::issuer:
      return db_.run("UPDATE families SET revoked = 1 WHERE created_at <= ?", revocation.at);
  }
  return {};
}

Result<std::vector<Revocation>> SqliteTables::load_revocations(WallSeconds now) {
  std::vector<Revocation> loaded;
  Query rows = db_.query(
      "SELECT change, kind, value, at, until, issuer, ends_sessions FROM revocations WHERE until > ?", now);
  for (;;) {
    const Result<bool> row = rows.next();
    if (!row) return row.error();
    if (!*row) return loaded;
    loaded.push_back(read_revocation(rows));
  }
}

Result<std::int64_t> SqliteTables::last_change() {
  return db_.number("SELECT ifnull(max(change), 0) FROM revocations");
}

Result<std::vector<Revocation>> SqliteTables::load_changes(std::int64_t& last) {
  std::vector<Revocation> loaded;
  Query rows = db_.query(
      "SELECT change, kind, value, at, until, issuer, ends_sessions FROM revocations WHERE change > ? "
      "ORDER BY change",
      last);
  for (;;) {
    const Result<bool> row = rows.next();
    if (!row) return row.error();
    if (!*row) return loaded;
    loaded.push_back(read_revocation(rows));
    last = rows.number(0);
  }
}

Result<Attempt> SqliteTables::reserve_attempt(const std::vector<std::string>& keys,
                                              const LockoutPolicy& policy, WallSeconds now) {
  Attempt attempt;
  if (policy.failures == 0) return attempt;
  for (const std::string& key : keys) {
    Query lock = db_.query("SELECT until FROM locks WHERE key = ? AND until > ?", key, now);
    const Result<bool> locked = lock.next();
    if (!locked) return locked.error();
    if (!*locked) continue;
    attempt.allowed = false;
    attempt.locked.push_back(key);
    attempt.retry_after = std::max<Duration>(attempt.retry_after, std::chrono::seconds(lock.number(0) - now));
  }
  // What is refused is not counted: knocking at a locked door must not keep it locked.
  if (!attempt.allowed) return attempt;
  for (const std::string& key : keys)
    if (Status counted = count_attempt(key, policy, now); !counted) return counted.error();
  return attempt;
}

Status SqliteTables::clear_attempts(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (Status cleared = db_.run("DELETE FROM attempts WHERE key = ?", key); !cleared) return cleared;
    if (Status cleared = db_.run("DELETE FROM locks WHERE key = ?", key); !cleared) return cleared;
  }
  return {};
}

Status SqliteTables::remember_address(const std::string& subject, const std::string& address,
                                      WallSeconds now) {
  return db_.run(
      "INSERT INTO addresses(subject, address, seen_at) VALUES(?, ?, ?) ON CONFLICT(subject, address) "
      "DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)",
      subject, address, now);
}

Result<bool> SqliteTables::knows_address(const std::string& subject, const std::string& address,
                                         WallSeconds now) {
  Query known = db_.query("SELECT 1 FROM addresses WHERE subject = ? AND address = ? AND seen_at > ?",
                          subject, address, now - kAddressMemory);
  return known.next();
}

Status SqliteTables::unlock(const std::string& subject) {
  // The address of a pair has no ':' that would be taken for the one before the subject: it is asked for
  // whole.
  for (const char* sql : {"DELETE FROM attempts WHERE key = 'account:' || ?1 OR (key GLOB 'known:*' AND "
                          "substr(key, -length(?1) - 1) = ':' || ?1)",
                          "DELETE FROM locks WHERE key = 'account:' || ?1 OR (key GLOB 'known:*' AND "
                          "substr(key, -length(?1) - 1) = ':' || ?1)"})
    if (Status cleared = db_.run(sql, subject); !cleared) return cleared;
  return {};
}

Status SqliteTables::put_record(const Record& record) {
  return db_.run(
      "INSERT INTO records(kind, key, owner, value, until) VALUES(?, ?, ?, ?, ?) ON CONFLICT(kind, key) "
      "DO UPDATE SET owner = excluded.owner, value = excluded.value, until = excluded.until",
      static_cast<std::int64_t>(record.kind), Blob{record.key}, record.owner, record.value, record.until);
}

Result<std::optional<Record>> SqliteTables::find_record(RecordKind kind, const std::string& key,
                                                        WallSeconds now) {
  Query row = db_.query("SELECT owner, value, until FROM records WHERE kind = ? AND key = ? AND until > ?",
                        static_cast<std::int64_t>(kind), Blob{key}, now);
  const Result<bool> found = row.next();
  if (!found) return found.error();
  if (!*found) return std::optional<Record>();
  return std::optional<Record>({kind, key, row.text(0), row.text(1), row.number(2)});
}

Result<std::optional<Record>> SqliteTables::take_record(RecordKind kind, const std::string& key,
                                                        WallSeconds now) {
  auto found = find_record(kind, key, now);
  if (!found || !*found) return found;
  Status taken = db_.run(
      "DELETE FROM records WHERE kind = ?1 AND (key = ?2 OR (?3 AND owner = ?4 AND owner <> ''))",
      static_cast<std::int64_t>(kind), Blob{key}, std::int64_t{kind == RecordKind::reset}, (*found)->owner);
  if (!taken) return taken.error();
  return found;
}

Result<std::vector<Record>> SqliteTables::list_records(RecordKind kind, const std::string& owner,
                                                       WallSeconds now) {
  std::vector<Record> listed;
  Query rows = db_.query(
      "SELECT key, owner, value, until FROM records WHERE kind = ?1 AND (owner = ?2 OR ?2 = '') AND until > "
      "?3 ORDER BY key",
      static_cast<std::int64_t>(kind), owner, now);
  for (;;) {
    const Result<bool> row = rows.next();
    if (!row) return row.error();
    if (!*row) return listed;
    listed.push_back({kind, rows.text(0), rows.text(1), rows.text(2), rows.number(3)});
  }
}

Result<bool> SqliteTables::purge(WallSeconds now) {
  constexpr int kRows = 64;  // of each table: a purge rides on a commit and must not be felt
  struct Expired {
    const char* sql;
    WallSeconds before;
  };
  const std::array expired{
      Expired{
          "DELETE FROM tokens WHERE hash IN (SELECT t.hash FROM families f JOIN tokens t ON t.family = f.key "
          "WHERE f.expires_at <= ? LIMIT 64)",
          now - kExpiredFamilyMemory},
      Expired{"DELETE FROM families WHERE key IN (SELECT key FROM families f WHERE expires_at <= ? "
              "AND NOT EXISTS(SELECT 1 FROM tokens WHERE family = f.key) LIMIT 64)",
              now - kExpiredFamilyMemory},
      Expired{"DELETE FROM revocations WHERE change IN "
              "(SELECT change FROM revocations WHERE until <= ? LIMIT 64)",
              now},
      Expired{
          "DELETE FROM attempts WHERE rowid IN (SELECT rowid FROM attempts WHERE counts_until <= ? LIMIT 64)",
          now},
      Expired{"DELETE FROM locks WHERE key IN (SELECT key FROM locks WHERE until <= ? LIMIT 64)",
              now - kLockMemory},
      Expired{"DELETE FROM records WHERE (kind, key) IN "
              "(SELECT kind, key FROM records WHERE until <= ? LIMIT 64)",
              now},
      Expired{"DELETE FROM addresses WHERE (subject, address) IN "
              "(SELECT subject, address FROM addresses WHERE seen_at <= ? LIMIT 64)",
              now - kAddressMemory},
  };
  bool more = false;
  for (const Expired& rows : expired) {
    if (Status removed = db_.run(rows.sql, rows.before); !removed) return removed.error();
    more = more || db_.changed_rows() >= kRows;
  }
  return more;
}

Result<SqliteTables::Token> SqliteTables::find_token(const std::string& hash, WallSeconds now) {
  Query row = db_.query(
      "SELECT f.id, f.subject, f.backend, f.scope, f.created_at, f.expires_at, f.revoked, f.key, "
      "f.generation, t.generation, t.used_at, f.bound_key, f.bound_certificate FROM tokens t "
      "JOIN families f ON f.key = t.family WHERE t.hash = ?",
      Blob{hash});
  const Result<bool> found = row.next();
  if (!found) return found.error();
  Token token;
  if (!*found) return token;

  Family& family = token.standing.family;
  family = {row.text(0), row.text(1), row.text(2), row.text(3), row.number(4), row.number(5)};
  family.bound_key = row.text(11);
  family.bound_certificate = row.text(12);
  token.family_key = row.number(7);
  token.current_generation = row.number(8);
  token.generation = row.number(9);
  token.used_at = row.number(10);
  token.standing.outcome = RotateOutcome::rotated;
  if (family.expires_at <= now) token.standing.outcome = RotateOutcome::expired;
  if (row.number(6) != 0) token.standing.outcome = RotateOutcome::revoked;
  return token;
}

Status SqliteTables::advance(const Token& token, const Presented& presented, WallSeconds now) {
  if (Status used = db_.run("UPDATE tokens SET used_at = ? WHERE hash = ?", now, Blob{presented.hash}); !used)
    return used;
  if (Status next = db_.run("INSERT INTO tokens(hash, family, generation) VALUES(?, ?, ?)",
                            Blob{presented.successor_hash}, token.family_key, token.generation + 1);
      !next)
    return next;
  return db_.run("UPDATE families SET generation = ?, used_at = ? WHERE key = ?", token.generation + 1, now,
                 token.family_key);
}

Status SqliteTables::check_successor(const Token& token, const Presented& presented) {
  Query successor = db_.query("SELECT 1 FROM tokens WHERE hash = ? AND family = ? AND generation = ?",
                              Blob{presented.successor_hash}, token.family_key, token.current_generation);
  const Result<bool> known = successor.next();
  if (!known) return known.error();
  if (!*known)
    return Error(Fault::store_unavailable, "the key of refresh tokens is not the one of the last refresh");
  return {};
}

Status SqliteTables::count_attempt(const std::string& key, const LockoutPolicy& policy, WallSeconds now) {
  if (Status counted = db_.run("INSERT INTO attempts(key, counts_until) VALUES(?, ?)", key,
                               now + seconds_of(policy.within));
      !counted)
    return counted;
  std::int64_t failures = 0;
  {
    Query count = db_.query("SELECT count(*) FROM attempts WHERE key = ? AND counts_until > ?", key, now);
    const Result<bool> row = count.next();
    if (!row) return row.error();
    failures = count.number(0);
  }
  if (failures < static_cast<std::int64_t>(policy.failures)) return {};

  // The last attempt that is allowed locks the door behind it; if it succeeds, clear_attempts() opens it.
  if (Status forgotten = db_.run("DELETE FROM attempts WHERE key = ?", key); !forgotten) return forgotten;
  return lock(key, policy, now);
}

Status SqliteTables::lock(const std::string& key, const LockoutPolicy& policy, WallSeconds now) {
  std::int64_t times = 0;
  {
    Query last = db_.query("SELECT times FROM locks WHERE key = ? AND until > ?", key, now - kLockMemory);
    const Result<bool> row = last.next();
    if (!row) return row.error();
    if (*row) times = last.number(0);
  }
  const WallSeconds longest = std::max(seconds_of(policy.lock), seconds_of(policy.longest_lock));
  WallSeconds spell = seconds_of(policy.lock);
  for (std::int64_t i = 0; i < times && spell < longest; ++i) spell *= 2;
  return db_.run(
      "INSERT INTO locks(key, until, times) VALUES(?1, ?2, ?3) ON CONFLICT(key) DO UPDATE SET "
      "until = max(until, ?2), times = ?3",
      key, now + std::min(spell, longest), times + 1);
}

}  // namespace gw::store
