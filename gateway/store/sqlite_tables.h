// SPDX-License-Identifier: Apache-2.0
// What each call of the store does to the tables, synchronously and inside the caller's transaction.
// THREAD: that of the SqliteDb.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/sqlite_db.h"
#include "store/store.h"

namespace gw::store {

class SqliteTables {
 public:
  explicit SqliteTables(SqliteDb& db) : db_(db) {}

  Result<StoreDump> dump(WallSeconds now);
  Status restore(const StoreDump& dump);

  Status open_family(const Family& family, const std::string& token_hash);
  // Adds to `revoked` what reuse ended.
  Result<Rotation> rotate(const Presented& token, WallSeconds now, std::vector<Revocation>& revoked);
  Result<Rotation> find_family(const std::string& token_hash, WallSeconds now);
  Result<std::vector<Family>> list_families(const std::string& subject, WallSeconds now);
  Status revoke(const Revocation& revocation);
  Result<std::vector<Revocation>> load_revocations(WallSeconds now);
  // The number of the newest change to the revocations, and those after `last`, which moves on.
  Result<std::int64_t> last_change();
  Result<std::vector<Revocation>> load_changes(std::int64_t& last);

  Result<Attempt> reserve_attempt(const std::vector<std::string>& keys, const LockoutPolicy& policy,
                                  WallSeconds now);
  Status clear_attempts(const std::vector<std::string>& keys);
  Status remember_address(const std::string& subject, const std::string& address, WallSeconds now);
  Result<bool> knows_address(const std::string& subject, const std::string& address, WallSeconds now);

  Status unlock(const std::string& subject);

  Status put_record(const Record& record);
  Result<std::optional<Record>> find_record(RecordKind kind, const std::string& key, WallSeconds now);
  Result<std::optional<Record>> take_record(RecordKind kind, const std::string& key, WallSeconds now);
  Result<std::vector<Record>> list_records(RecordKind kind, const std::string& owner, WallSeconds now);

  // Removes some of what has expired; true when there may be more.
  Result<bool> purge(WallSeconds now);

 private:
  struct Token;
  Result<Token> find_token(const std::string& hash, WallSeconds now);
  Status advance(const Token& token, const Presented& presented, WallSeconds now);
  Status check_successor(const Token& token, const Presented& presented);
  Status count_attempt(const std::string& key, const LockoutPolicy& policy, WallSeconds now);
  Status lock(const std::string& key, const LockoutPolicy& policy, WallSeconds now);

  SqliteDb& db_;
};

}  // namespace gw::store
