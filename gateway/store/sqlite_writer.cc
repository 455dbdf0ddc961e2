// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_writer.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "net/stand_back.h"
#include "store/sqlite_schema.h"

namespace gw::store {
namespace {

constexpr std::size_t kBatch = 128;
constexpr WallSeconds kPurgeEvery = 10;
constexpr Duration kLookEvery = 250ms;

Result<std::unique_ptr<SqliteDb>> open_store(const SqliteWriter::Options& options) {
  auto db = SqliteDb::open(options.path, options.busy_timeout);
  if (!db) return db;
  if (Status ready = prepare_schema(**db, options.path); !ready) return ready.error();
  return db;
}

}  // namespace

// What came of each job of a batch, and what they revoked together.
struct SqliteWriter::Outcome {
  std::vector<std::optional<Error>> failures;
  std::vector<Revocation> revoked;
};

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::start(Options options) {
  auto db = open_store(options);
  if (!db) return db.error();
  std::unique_ptr<SqliteWriter> writer(new SqliteWriter(std::move(options), std::move(*db)));
  // In this order: what comes in between is looked at once more.
  const auto version = writer->db_->number("PRAGMA data_version");
  if (!version) return version.error();
  const auto last = SqliteTables(*writer->db_).last_change();
  if (!last) return last.error();
  writer->data_version_ = *version;
  writer->last_change_ = *last;
  writer->thread_ = std::thread([self = writer.get()] {
    pthread_setname_np(pthread_self(), "store");
    net::stand_back(net::kOfStore);
    self->serve();
  });
  return writer;
}

SqliteWriter::~SqliteWriter() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool SqliteWriter::enqueue(std::unique_ptr<WriteJob>& job) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || queue_.size() >= options_.queue) return false;
    queue_.push_back(std::move(job));
  }
  ready_.notify_one();
  return true;
}

void SqliteWriter::serve() {
  for (;;) {
    const Batch batch = take_batch();
    if (!batch.empty()) commit(batch);
    {
      const std::lock_guard lock(mutex_);
      if (closing_ && queue_.empty()) return;
    }
    look_for_changes();
  }
}

SqliteWriter::Batch SqliteWriter::take_batch() {
  std::unique_lock lock(mutex_);
  ready_.wait_for(lock, kLookEvery, [this] { return closing_ || !queue_.empty(); });
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kBatch));
  Batch batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return batch;
}

void SqliteWriter::commit(const Batch& batch) {
  Outcome outcome;
  Status committed = ensure_connection();
  if (committed) committed = run_batch(batch, outcome);
  if (!committed) {
    if (!std::exchange(failing_, true))
      log::error("the store cannot be written", {{"detail", committed.error().detail}});
    for (const auto& job : batch) job->answer(&committed.error());
    return;
  }
  if (std::exchange(failing_, false)) log::info("the store can be written again");
  // Before the answers: who learns that a session has ended finds it ended.
  for (const Revocation& revocation : outcome.revoked) feed_.publish(revocation);
  for (std::size_t i = 0; i < batch.size(); ++i)
    batch[i]->answer(outcome.failures[i] ? &*outcome.failures[i] : nullptr);
}

Status SqliteWriter::ensure_connection() {
  if (db_ != nullptr && !db_->is_broken()) return {};
  db_.reset();
  auto opened = open_store(options_);
  if (!opened) return opened.error();
  db_ = std::move(*opened);
  return {};
}

Status SqliteWriter::run_batch(const Batch& batch, Outcome& outcome) {
  if (Status begun = db_->run("BEGIN IMMEDIATE"); !begun) return begun;
  SqliteTables tables(*db_);
  WallSeconds latest = 0;
  for (const auto& job : batch) {
    latest = std::max(latest, job->now());
    Status done = run_job(*job, tables, outcome);
    // A full disk undoes the whole transaction, not the statement alone.
    if (!db_->is_in_transaction())
      return done ? Status(Error(Fault::store_unavailable, "rolled back")) : done;
    outcome.failures.push_back(done ? std::nullopt : std::optional(std::move(done.error())));
  }
  if (latest >= next_purge_) purge(tables, latest);
  Status committed = db_->run("COMMIT");
  if (!committed && db_->is_in_transaction()) (void)db_->run("ROLLBACK");
  return committed;
}

Status SqliteWriter::run_job(WriteJob& job, SqliteTables& tables, Outcome& outcome) {
  if (Status set = db_->run("SAVEPOINT job"); !set) return set;
  const std::size_t revoked_before = outcome.revoked.size();
  Status done = job.run(tables, outcome.revoked);
  if (done) done = db_->run("RELEASE job");
  if (done || !db_->is_in_transaction()) return done;
  outcome.revoked.erase(outcome.revoked.begin() + static_cast<std::ptrdiff_t>(revoked_before),
                        outcome.revoked.end());
  (void)db_->run("ROLLBACK TO job");
  (void)db_->run("RELEASE job");
  return done;
}

// What this process has revoked since may be among it, and is told again: that is no harm.
void SqliteWriter::look_for_changes() {
  const TimePoint now = steady_now();
  if (now < next_look_ || db_ == nullptr || db_->is_broken()) return;
  next_look_ = now + kLookEvery;
  const auto version = db_->number("PRAGMA data_version");
  if (!version || *version == data_version_) return;
  const auto changes = SqliteTables(*db_).load_changes(last_change_);
  if (!changes) return log::warn("the store cannot be read", {{"detail", changes.error().detail}});
  data_version_ = *version;
  for (const Revocation& revocation : *changes) feed_.publish(revocation);
}

void SqliteWriter::purge(SqliteTables& tables, WallSeconds now) {
  const Result<bool> more = tables.purge(now);
  next_purge_ = more && *more ? now : now + kPurgeEvery;
  if (!more) log::warn("expired rows of the store stay for now", {{"detail", more.error().detail}});
}

}  // namespace gw::store
