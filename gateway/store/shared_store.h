// SPDX-License-Identifier: Apache-2.0
// What a store can do beyond store.h when replicas share it: keep counts, lead, remember what happened once,
// and say how it is. THREAD: the calls as store.h says; the rest from any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "store/store.h"

namespace gw::store {

// Several requests' worth of a rate and of a day's quota, taken at once. A rate is a bucket as
// policy::RateLimit has it: `interval` and `capacity` in microseconds; 0: there is none.
struct RateLease {
  std::uint64_t key = 0;
  std::uint64_t interval = 0;
  std::uint64_t capacity = 0;
  std::uint32_t wanted = 0;
  std::int64_t day = 0;  // since 1970
  std::uint32_t quota = 0;
  std::uint32_t quota_wanted = 0;
};
struct GrantedLease {
  std::uint32_t granted = 0;
  std::uint64_t used = 0;  // microseconds until the bucket is full
  std::uint32_t from_quota = 0;
  std::uint64_t quota_spent = 0;
};

struct StoreHealth {
  bool up = true;       // now
  std::string trouble;  // why it is not
  std::uint64_t reconnects = 0;
  std::chrono::milliseconds lag{0};  // now: since when revocations of others may be unknown here
};

class SharedStore : public Store {
 public:
  // The same for all replicas, and for nobody else. REQUIRES: of each purpose its own name.
  virtual SecretString derive(std::string_view purpose) const = 0;

  // How long ago all revocations were known that anybody had made.
  virtual std::chrono::milliseconds revocation_lag() const = 0;
  virtual StoreHealth health() const = 0;

  // True for the first who says this id before `until`.
  virtual net::Operation happen_once(net::EventLoop& loop, std::string id, WallSeconds until, WallSeconds now,
                                     Done<bool> done) = 0;
  // Whether `who` leads for the time given; one does.
  virtual net::Operation lead(net::EventLoop& loop, std::string name, std::string who, Duration time,
                              Done<bool> done) = 0;
  // Replaces a record whose value is `before`; nothing: there is none. False when it is another.
  virtual net::Operation swap_record(net::EventLoop& loop, Record record, std::optional<std::string> before,
                                     WallSeconds now, Done<bool> done) = 0;
  virtual net::Operation lease(net::EventLoop& loop, RateLease wish, Done<GrantedLease> done) = 0;
};

}  // namespace gw::store
