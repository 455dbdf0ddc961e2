// SPDX-License-Identifier: Apache-2.0
// The one thread that owns the SQLite connection. What waits while a commit is synced is committed together
// by the next one, so that many logins share one sync of the disk; nobody is answered before it. A connection
// that failed is opened anew with the next work: a full disk is over when there is room again. Looks several
// times a second for what other processes have revoked. THREAD: enqueue() from any; jobs run and answer on
// the writer's.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/revocation_feed.h"
#include "store/sqlite_db.h"
#include "store/sqlite_tables.h"

namespace gw::store {

class WriteJob {
 public:
  virtual ~WriteJob() = default;
  // Inside a transaction; what fails is undone. Adds the revocations that it made.
  virtual Status run(SqliteTables& tables, std::vector<Revocation>& revoked) = 0;
  // Once, after the commit; `failure` when it, or run(), failed.
  virtual void answer(const Error* failure) = 0;
  virtual WallSeconds now() const = 0;
};

class SqliteWriter {
 public:
  struct Options {
    std::string path;
    Duration busy_timeout{1s};  // for another process that holds the file
    std::size_t queue = 1024;   // waiting jobs
  };

  static Result<std::unique_ptr<SqliteWriter>> start(Options options);
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;
  ~SqliteWriter();  // runs what is queued, then joins

  // False, and `job` stays with the caller, when the queue is full.
  bool enqueue(std::unique_ptr<WriteJob>& job);
  RevocationFeed& feed() { return feed_; }

 private:
  using Batch = std::vector<std::unique_ptr<WriteJob>>;
  struct Outcome;

  SqliteWriter(Options options, std::unique_ptr<SqliteDb> db)
      : options_(std::move(options)), db_(std::move(db)) {}
  void serve();
  Batch take_batch();
  void commit(const Batch& batch);
  Status ensure_connection();
  Status run_batch(const Batch& batch, Outcome& outcome);
  Status run_job(WriteJob& job, SqliteTables& tables, Outcome& outcome);
  void purge(SqliteTables& tables, WallSeconds now);
  void look_for_changes();

  const Options options_;
  std::unique_ptr<SqliteDb> db_;  // null after a failed attempt to open it anew
  WallSeconds next_purge_ = 0;
  bool failing_ = false;           // said in the log
  std::int64_t data_version_ = 0;  // SQLite's: another process has written when it differs
  std::int64_t last_change_ = 0;
  TimePoint next_look_;
  RevocationFeed feed_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::unique_ptr<WriteJob>> queue_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace gw::store
