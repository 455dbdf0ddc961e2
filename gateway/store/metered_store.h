// SPDX-License-Identifier: Apache-2.0
// A store, as one loop sees it: every request goes on to the shared one, and its time and outcome are noted.
// THREAD: one loop. OWNERSHIP: outlives what holds its operations; the store outlives it.
#pragma once

#include <utility>

#include "store/store.h"
#include "store/store_meter.h"

namespace gw::store {

class MeteredStore final : public Store {
 public:
  explicit MeteredStore(Store& store) : Store(store.turnstile()), store_(store) {}
  const StoreMeter& meter() const { return meter_; }

  // Moving is no request: it is not noted.
  net::Operation dump(net::EventLoop& loop, WallSeconds now, Done<StoreDump> done) override {
    return store_.dump(loop, now, std::move(done));
  }
  net::Operation restore(net::EventLoop& loop, StoreDump dump, WallSeconds now,
                         Done<std::monostate> done) override {
    return store_.restore(loop, std::move(dump), now, std::move(done));
  }

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
  template <class T>
  Done<T> noting(Operation operation, Done<T> done);

  Store& store_;
  StoreMeter meter_;
};

}  // namespace gw::store
