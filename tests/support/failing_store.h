// SPDX-License-Identifier: Apache-2.0
// A store that is away: every call answers, later, with the same fault.
#pragma once

#include <utility>
#include <variant>

#include "store/store.h"

namespace gw::test {

class FailingStore final : public store::Store {
 public:
  explicit FailingStore(Fault fault) : fault_(fault) {}

  net::Operation dump(net::EventLoop& loop, WallSeconds, store::Done<store::StoreDump> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation restore(net::EventLoop& loop, store::StoreDump, WallSeconds,
                         store::Done<std::monostate> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation open_family(net::EventLoop& loop, store::Family, std::string, WallSeconds,
                             store::Done<std::monostate> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation rotate(net::EventLoop& loop, store::Presented, WallSeconds,
                        store::Done<store::Rotation> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation find_family(net::EventLoop& loop, std::string, WallSeconds,
                             store::Done<store::Rotation> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation list_families(net::EventLoop& loop, std::string, WallSeconds,
                               store::Done<std::vector<store::Family>> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation revoke(net::EventLoop& loop, store::Revocation, store::Done<std::monostate> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation watch_revocations(net::EventLoop&, store::RevocationWatcher) override { return {}; }
  net::Operation load_revocations(net::EventLoop& loop, WallSeconds,
                                  store::Done<std::vector<store::Revocation>> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation reserve_attempt(net::EventLoop& loop, std::vector<std::string>, store::LockoutPolicy,
                                 WallSeconds, store::Done<store::Attempt> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation clear_attempts(net::EventLoop& loop, std::vector<std::string>,
                                store::Done<std::monostate> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation remember_address(net::EventLoop& loop, std::string, std::string, WallSeconds,
                                  store::Done<std::monostate> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation knows_address(net::EventLoop& loop, std::string, std::string, WallSeconds,
                               store::Done<bool> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation unlock(net::EventLoop& loop, std::string, store::Done<std::monostate> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation put_record(net::EventLoop& loop, store::Record, WallSeconds,
                            store::Done<std::monostate> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation find_record(net::EventLoop& loop, store::RecordKind, std::string, WallSeconds,
                             store::Done<std::optional<store::Record>> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation take_record(net::EventLoop& loop, store::RecordKind, std::string, WallSeconds,
                             store::Done<std::optional<store::Record>> done) override {
    return fail(loop, std::move(done));
  }
  net::Operation list_records(net::EventLoop& loop, store::RecordKind, std::string, WallSeconds,
                              store::Done<std::vector<store::Record>> done) override {
    return fail(loop, std::move(done));
  }

 private:
  template <class T>
  net::Operation fail(net::EventLoop& loop, store::Done<T> done) {
    const std::uint64_t id = loop.expect([done = std::move(done)](void* result) mutable {
      done(std::move(*static_cast<Result<T>*>(result)));
    });
    loop.complete_later(id, Result<T>(Error(fault_)));
    return loop.operation_of(id);
  }

  const Fault fault_;
};

}  // namespace gw::test
