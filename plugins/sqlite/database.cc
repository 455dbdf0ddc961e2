// SPDX-License-Identifier: Apache-2.0
#include "database.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace accounts {
namespace {

constexpr int kBusyMilliseconds = 5000;     // another process (`gatewarden user`) is writing
constexpr int kApplicationId = 0x47575553;  // "GWUS", so that no other database is taken for ours
constexpr int kSchemaVersion = 1;

// roles and attributes are JSON. login_names holds every user name and e-mail address, folded: one table, so
// that no name of one account can be the address of another.
constexpr const char* kSchema = R"sql(
  CREATE TABLE accounts (
    id            TEXT PRIMARY KEY NOT NULL,
    username      TEXT NOT NULL,
    email         TEXT NOT NULL DEFAULT '',
    name          TEXT NOT NULL DEFAULT '',
    password_hash TEXT NOT NULL,
    roles         TEXT NOT NULL DEFAULT '[]',
    attributes    TEXT NOT NULL DEFAULT '{}',
    disabled      INTEGER NOT NULL DEFAULT 0,
    created_at    TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE login_names (
    folded  TEXT PRIMARY KEY NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX login_names_by_account ON login_names (account);
)sql";

bool run(sqlite3* database, const std::string& sql) {
  return sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

int pragma(sqlite3* database, std::string_view sql) {
  Statement statement(database, sql);
  if (statement.step() != SQLITE_ROW) return -1;
  return std::atoi(std::string(statement.text(0)).c_str());
}

// New, or with our id in its header (https://www.sqlite.org/fileformat.html, 1.3): a path that leads to
// something else by mistake must not change its mode.
bool is_ours(int file, off_t size) {
  if (size == 0) return true;
  std::array<unsigned char, 72> header{};
  if (pread(file, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) return false;
  const int id = header[68] << 24 | header[69] << 16 | header[70] << 8 | header[71];
  return std::memcmp(header.data(), "SQLite format 3", 16) == 0 && id == kApplicationId;
}

// SQLite gives its -wal and -shm files the mode of the database, so this decides for all three.
std::string make_private_file(const char* path) {
  const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return std::strerror(errno);
  std::string problem;
  struct stat status {};
  if (fstat(file, &status) != 0) {
    problem = std::strerror(errno);
  } else if (!S_ISREG(status.st_mode)) {
    problem = "it is no regular file";
  } else if ((status.st_mode & 077) != 0 && is_ours(file, status.st_size) && fchmod(file, 0600) != 0) {
    problem = "others can read it, and its mode cannot be changed to 0600";
  }
  close(file);
  return problem;
}

std::string make_or_check_schema(sqlite3* database) {
  Transaction transaction(database);
  if (!transaction.begun()) return sqlite3_errmsg(database);
  const int application = pragma(database, "PRAGMA application_id");
  const int version = pragma(database, "PRAGMA user_version");
  const int tables = pragma(database, "SELECT count(*) FROM sqlite_schema");
  if (tables == 0 && application == 0) {
    const bool made = run(database, kSchema) &&
                      run(database, "PRAGMA application_id = " + std::to_string(kApplicationId)) &&
                      run(database, "PRAGMA user_version = " + std::to_string(kSchemaVersion)) &&
                      transaction.commit();
    return made ? std::string() : sqlite3_errmsg(database);
  }
  if (application != kApplicationId) return "it is another program's database";
  if (version > kSchemaVersion) return "it was written by a later version of this plugin";
  return {};
}

std::string prepare(sqlite3* database) {
  sqlite3_busy_timeout(database, kBusyMilliseconds);
  sqlite3_extended_result_codes(database, 1);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (!run(database,
           "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;"
           "PRAGMA temp_store = MEMORY")) {  // no folder for others' files may be in reach
    return sqlite3_errmsg(database);
  }
  std::string problem = make_or_check_schema(database);
  if (!problem.empty()) return problem;
  Statement mode(database, "PRAGMA journal_mode = WAL");
  if (mode.step() != SQLITE_ROW || mode.text(0) != "wal") return "it cannot be put into WAL mode";
  return {};
}

}  // namespace

Database open_database(const char* path, std::string& error) {
  error = make_private_file(path);
  sqlite3* opened = nullptr;
  if (error.empty() &&
      sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
    error = opened != nullptr ? sqlite3_errmsg(opened) : "out of memory";
  }
  Database database(opened);
  if (error.empty()) error = prepare(database.get());
  if (!error.empty()) {
    error = std::string(path) + ": " + error;
    return nullptr;
  }
  return database;
}

Statement::Statement(sqlite3* database, std::string_view sql) {
  status_ = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
}

Statement& Statement::bind(int index, std::string_view text) {
  if (status_ != SQLITE_OK) return *this;
  // An empty view may have no address, which SQLite would take for NULL.
  const char* data = text.empty() ? "" : text.data();
  status_ = sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int index, int value) {
  if (status_ == SQLITE_OK) status_ = sqlite3_bind_int(statement_, index, value);
  return *this;
}

int Statement::step() {
  return status_ != SQLITE_OK ? status_ : sqlite3_step(statement_);
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Transaction::Transaction(sqlite3* database) : database_(database), open_(run(database, "BEGIN IMMEDIATE")) {}

Transaction::~Transaction() {
  if (open_) run(database_, "ROLLBACK");
}

bool Transaction::commit() {
  if (!open_ || !run(database_, "COMMIT")) return false;
  open_ = false;
  return true;
}

}  // namespace accounts
