// SPDX-License-Identifier: Apache-2.0
// The embedded store: one SQLite file in state_dir. A write that was acknowledged survives kill -9 and the
// loss of power. Several processes may use one file; revocations are told only to the watchers of this one.
// THREAD: as store.h says.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "store/sqlite_writer.h"
#include "store/store.h"

namespace gw::store {

class SqliteStore final : public Store {
 public:
  using Options = SqliteWriter::Options;

  // The error's `detail` names the file and what is wrong with it.
  static Result<std::unique_ptr<SqliteStore>> open(Options options);

  net::Operation dump(net::EventLoop& loop, WallSeconds now, Done<StoreDump> done) override;
  net::Operation restore(net::EventLoop& loop, StoreDump dump, WallSeconds now,
                         Done<std::monostate> done) override;
  net::Operation open_family(net::EventLoop& loop, Family family, std::string token_hash, WallSeconds now,
                             Done<std::monostate> done) override;
  net::Operation rotate(net::EventLoop& loop, Presented token, WallSeconds now, Done<Rotation> done) override;
  net::Operation find_family(net::EventLoop& loop, std::string token_hash, WallSeconds now,
                             Done<Rotation> done) override;
  net::Operation list_families(net::EventLoop& loop, std::string subject, WallSeconds now,
                               Done<std::vector<Family>> done) override;
  net::Operation revoke(net::EventLoop& loop, Revocation revocation, Done<std::monostate> done) override;
  net::Operation watch_revocations(net::EventLoop& loop, RevocationWatcher on_revoked) override;
  net::Operation load_revocations(net::EventLoop& loop, WallSeconds now,
                                  Done<std::vector<Revocation>> done) override;
  net::Operation reserve_attempt(net::EventLoop& loop, std::vector<std::string> keys, LockoutPolicy policy,
                                 WallSeconds now, Done<Attempt> done) override;
  net::Operation clear_attempts(net::EventLoop& loop, std::vector<std::string> keys,
                                Done<std::monostate> done) override;
  net::Operation remember_address(net::EventLoop& loop, std::string subject, std::string address,
                                  WallSeconds now, Done<std::monostate> done) override;
  net::Operation knows_address(net::EventLoop& loop, std::string subject, std::string address,
                               WallSeconds now, Done<bool> done) override;
  net::Operation unlock(net::EventLoop& loop, std::string subject, Done<std::monostate> done) override;
  net::Operation put_record(net::EventLoop& loop, Record record, WallSeconds now,
                            Done<std::monostate> done) override;
  net::Operation find_record(net::EventLoop& loop, RecordKind kind, std::string key, WallSeconds now,
                             Done<std::optional<Record>> done) override;
  net::Operation take_record(net::EventLoop& loop, RecordKind kind, std::string key, WallSeconds now,
                             Done<std::optional<Record>> done) override;
  net::Operation list_records(net::EventLoop& loop, RecordKind kind, std::string owner, WallSeconds now,
                              Done<std::vector<Record>> done) override;

 private:
  explicit SqliteStore(std::unique_ptr<SqliteWriter> writer) : writer_(std::move(writer)) {}

  template <class T, class Work>
  net::Operation submit(net::EventLoop& loop, WallSeconds now, Work work, Done<T> done);

  std::unique_ptr<SqliteWriter> writer_;
};

}  // namespace gw::store
