// SPDX-License-Identifier: Apache-2.0
// A connection to a SQLite file: durable settings, prepared statements that are kept, errors as values.
// Every error is Fault::store_unavailable, whatever SQLite calls it; `detail` says what.
// THREAD: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace gw::store {

struct Blob {
  std::string_view bytes;
};

class SqliteDb;

// A statement in use; ready for its next use when this goes.
class Query {
 public:
  template <class... Values>
  Query(SqliteDb& db, sqlite3_stmt* statement, const Values&... values) : db_(db), statement_(statement) {
    [[maybe_unused]] int index = 0;
    (bind(++index, values), ...);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  // True while there is a row to read.
  Result<bool> next();
  std::int64_t number(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view value);
  void bind(int index, Blob value);

  SqliteDb& db_;
  sqlite3_stmt* statement_;  // null when it could not be prepared or bound
};

class SqliteDb {
 public:
  // Opens or makes the file (0600), with a write-ahead log that is synced at every commit.
  static Result<std::unique_ptr<SqliteDb>> open(const std::string& path, Duration busy_timeout);
  SqliteDb(const SqliteDb&) = delete;
  SqliteDb& operator=(const SqliteDb&) = delete;
  ~SqliteDb();

  // `sql` is a literal: it is prepared once and kept.
  template <class... Values>
  Query query(const char* sql, const Values&... values) {
    return Query(*this, prepare(sql), values...);
  }
  // For statements without rows.
  template <class... Values>
  Status run(const char* sql, const Values&... values) {
    Query query(*this, prepare(sql), values...);
    return finish(query);
  }
  // Several statements, not kept.
  Status execute(const std::string& script);
  Result<std::int64_t> number(const char* sql);

  bool is_in_transaction() const;
  int changed_rows() const;  // by the last statement
  // The connection itself has failed and is to be opened again.
  bool is_broken() const { return broken_; }
  Error make_error();

 private:
  explicit SqliteDb(sqlite3* handle) : handle_(handle) {}
  sqlite3_stmt* prepare(const char* sql);
  static Status finish(Query& query);

  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
  bool broken_ = false;
};

}  // namespace gw::store
