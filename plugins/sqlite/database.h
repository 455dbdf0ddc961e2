// SPDX-License-Identifier: Apache-2.0
// The database of accounts: one SQLite file, mode 0600, in WAL mode with every commit synced, so that an
// account that was acknowledged survives a crash. Statements are prepared and their values bound, never
// pasted. THREAD: open() and Statement are used under the mutex of Accounts.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

namespace accounts {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// Opens the file, makes it and its tables when it is new. Null, and a sentence in `error`, when it cannot be
// used.
Database open_database(const char* path, std::string& error);

class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // `text` must live until the last step().
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, int value);

  // SQLITE_ROW, SQLITE_DONE or an error. Also the error of an earlier failure to prepare or bind.
  int step();

  // REQUIRES: step() gave SQLITE_ROW. Valid until the next step().
  std::string_view text(int column) const;
  bool flag(int column) const { return sqlite3_column_int(statement_, column) != 0; }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int status_ = SQLITE_OK;
};

// Rolls back unless commit() was called and worked.
class Transaction {
 public:
  explicit Transaction(sqlite3* database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  bool begun() const { return open_; }
  bool commit();

 private:
  sqlite3* database_;
  bool open_ = false;
};

}  // namespace accounts
