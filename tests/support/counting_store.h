// SPDX-License-Identifier: Apache-2.0
// A shared store of which only lease() serves: in memory, as the script in Redis does it, by the test's
// clock.
#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "store/shared_store.h"

namespace gw::test {

class CountingStore final : public store::SharedStore {
 public:
  template <class T>
  using Done = store::Done<T>;
  using Loop = net::EventLoop;

  Duration now{0};
  bool is_away = false;

  net::Operation lease(Loop& loop, store::RateLease wish, Done<store::GrantedLease> done) override {
    const std::uint64_t id = loop.expect([done = std::move(done)](void* result) mutable {
      done(std::move(*static_cast<Result<store::GrantedLease>*>(result)));
    });
    loop.complete_later(id, is_away ? Result<store::GrantedLease>(Fault::store_unavailable) : grant(wish));
    return loop.operation_of(id);
  }

  SecretString derive(std::string_view) const override { return {}; }
  std::chrono::milliseconds revocation_lag() const override { return {}; }
  store::StoreHealth health() const override { return {}; }

  net::Operation dump(Loop&, WallSeconds, Done<store::StoreDump>) override { return {}; }
  net::Operation restore(Loop&, store::StoreDump, WallSeconds, Done<std::monostate>) override { return {}; }
  net::Operation open_family(Loop&, store::Family, std::string, WallSeconds, Done<std::monostate>) override {
    return {};
  }
  net::Operation rotate(Loop&, store::Presented, WallSeconds, Done<store::Rotation>) override { return {}; }
  net::Operation find_family(Loop&, std::string, WallSeconds, Done<store::Rotation>) override { return {}; }
  net::Operation list_families(Loop&, std::string, WallSeconds, Done<std::vector<store::Family>>) override {
    return {};
  }
  net::Operation revoke(Loop&, store::Revocation, Done<std::monostate>) override { return {}; }
  net::Operation watch_revocations(Loop&, store::RevocationWatcher) override { return {}; }
  net::Operation load_revocations(Loop&, WallSeconds, Done<std::vector<store::Revocation>>) override {
    return {};
  }
  net::Operation reserve_attempt(Loop&, std::vector<std::string>, store::LockoutPolicy, WallSeconds,
                                 Done<store::Attempt>) override {
    return {};
  }
  net::Operation clear_attempts(Loop&, std::vector<std::string>, Done<std::monostate>) override { return {}; }
  net::Operation remember_address(Loop&, std::string, std::string, WallSeconds,
                                  Done<std::monostate>) override {
    return {};
  }
  net::Operation knows_address(Loop&, std::string, std::string, WallSeconds, Done<bool>) override {
    return {};
  }
  net::Operation unlock(Loop&, std::string, Done<std::monostate>) override { return {}; }
  net::Operation put_record(Loop&, store::Record, WallSeconds, Done<std::monostate>) override { return {}; }
  net::Operation find_record(Loop&, store::RecordKind, std::string, WallSeconds,
                             Done<std::optional<store::Record>>) override {
    return {};
  }
  net::Operation take_record(Loop&, store::RecordKind, std::string, WallSeconds,
                             Done<std::optional<store::Record>>) override {
    return {};
  }
  net::Operation list_records(Loop&, store::RecordKind, std::string, WallSeconds,
                              Done<std::vector<store::Record>>) override {
    return {};
  }
  net::Operation happen_once(Loop&, std::string, WallSeconds, WallSeconds, Done<bool>) override { return {}; }
  net::Operation lead(Loop&, std::string, std::string, Duration, Done<bool>) override { return {}; }
  net::Operation swap_record(Loop&, store::Record, std::optional<std::string>, WallSeconds,
                             Done<bool>) override {
    return {};
  }

 private:
  Result<store::GrantedLease> grant(const store::RateLease& wish) {
    const auto at = static_cast<std::uint64_t>(std::chrono::microseconds(now).count());
    std::uint64_t& full_at = rates_[wish.key];
    std::uint64_t& spent = quotas_[{wish.key, wish.day}];
    store::GrantedLease granted;
    granted.used = full_at > at ? full_at - at : 0;
    if (wish.interval > 0)
      granted.granted = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(wish.wanted, (wish.capacity - granted.used) / wish.interval));
    if (wish.quota > 0)
      granted.from_quota =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(wish.quota_wanted, wish.quota - spent));
    const bool needs_both = wish.interval > 0 && wish.quota > 0;
    if (needs_both && (granted.granted == 0 || granted.from_quota == 0))
      granted.granted = granted.from_quota = 0;
    granted.used += granted.granted * wish.interval;
    full_at = at + granted.used;
    granted.quota_spent = spent += granted.from_quota;
    return granted;
  }

  std::map<std::uint64_t, std::uint64_t> rates_;
  std::map<std::pair<std::uint64_t, std::int64_t>, std::uint64_t> quotas_;
};

}  // namespace gw::test
