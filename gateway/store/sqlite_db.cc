// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_db.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "base/unique_fd.h"

namespace gw::store {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

Error os_error(const std::string& path, const char* what) {
  return {Fault::store_unavailable, path + ": " + what + ": " + std::generic_category().message(errno)};
}

// The log and its index take over the mode of the database. An existing file is not opened here: closing any
// descriptor of it would drop the locks that another connection of this process holds.
Status make_private(const std::string& path) {
  const UniqueFd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made) return {};
  if (errno != EEXIST) return os_error(path, "cannot be made");
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return os_error(path, "cannot be read");
  if (!S_ISREG(found.st_mode)) return Error(Fault::store_unavailable, path + ": is not a file");
  if ((found.st_mode & kOthers) != 0 && ::chmod(path.c_str(), found.st_mode & ~kOthers & 07777) != 0)
    return os_error(path, "is open to others and cannot be closed to them");
  return {};
}

// Whether the connection should be made anew, rather than the statement tried again.
bool breaks_connection(int code) {
  switch (code & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
      return true;
    default:
      return false;
  }
}

int size_of(std::string_view text) {
  return static_cast<int>(std::min<std::size_t>(text.size(), std::numeric_limits<int>::max()));
}

}  // namespace

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<bool> Query::next() {
  if (statement_ == nullptr) return db_.make_error();
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return db_.make_error();
  }
}

std::int64_t Query::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Query::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Query::bind(int index, std::int64_t value) {
  if (statement_ != nullptr && sqlite3_bind_int64(statement_, index, value) != SQLITE_OK)
    statement_ = nullptr;
}

void Query::bind(int index, std::string_view value) {
  if (statement_ == nullptr) return;
  // An empty view may have no address, which would bind NULL.
  const char* bytes = value.empty() ? "" : value.data();
  if (sqlite3_bind_text(statement_, index, bytes, size_of(value), SQLITE_TRANSIENT) != SQLITE_OK)
    statement_ = nullptr;
}

void Query::bind(int index, Blob value) {
  if (statement_ == nullptr) return;
  const char* bytes = value.bytes.empty() ? "" : value.bytes.data();
  if (sqlite3_bind_blob(statement_, index, bytes, size_of(value.bytes), SQLITE_TRANSIENT) != SQLITE_OK)
    statement_ = nullptr;
}

Result<std::unique_ptr<SqliteDb>> SqliteDb::open(const std::string& path, Duration busy_timeout) {
  if (Status made = make_private(path); !made) return made.error();
  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (handle == nullptr) return Error(Fault::store_unavailable, path + ": out of memory");
  std::unique_ptr<SqliteDb> db(new SqliteDb(handle));
  if (opened != SQLITE_OK) return db->make_error();

  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  // temp_store: a long transaction spills into a temporary folder otherwise, which may be out of reach.
  if (Status set =
          db->execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;"
                      "PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY;");
      !set)
    return set.error();
  return db;
}

SqliteDb::~SqliteDb() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  // A disk that failed is not asked for a checkpoint: the log keeps what was committed for the next
  // connection.
  if (broken_) sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_close(handle_);
}

Status SqliteDb::execute(const std::string& script) {
  if (sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return make_error();
  return {};
}

Result<std::int64_t> SqliteDb::number(const char* sql) {
  Query asked = query(sql);
  const Result<bool> row = asked.next();
  if (!row) return row.error();
  return *row ? asked.number(0) : std::int64_t{0};
}

bool SqliteDb::is_in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

int SqliteDb::changed_rows() const {
  return sqlite3_changes(handle_);
}

Error SqliteDb::make_error() {
  const int code = sqlite3_extended_errcode(handle_);
  broken_ = broken_ || breaks_connection(code);
  const char* path = sqlite3_db_filename(handle_, "main");
  return {Fault::store_unavailable, std::string(path == nullptr ? "" : path) + ": " +
                                        sqlite3_errmsg(handle_) + " (" + std::to_string(code) + ")"};
}

sqlite3_stmt* SqliteDb::prepare(const char* sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return nullptr;
  statements_.emplace(sql, statement);
  return statement;
}

Status SqliteDb::finish(Query& query) {
  for (;;) {
    const Result<bool> row = query.next();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

}  // namespace gw::store
