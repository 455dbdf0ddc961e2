// SPDX-License-Identifier: Apache-2.0
// How many requests a route takes from one caller: a rate with a burst (a token bucket, kept as the one
// number that GCRA needs), a quota from midnight to midnight UTC, and a number at the same time. Exact among
// the workers of one process; a reload keeps what was counted of routes whose name, host and path stay.
// THREAD: any; nobody waits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/callback.h"
#include "base/clock.h"
#include "base/sip_hash.h"
#include "net/event_loop.h"
#include "policy/keyed_words.h"
#include "policy/route.h"

namespace gw::policy {

// `rate_limit:` of a route, ready for use.
class RateLimit {
 public:
  RateLimit(const Route& route, const RateLimitOptions& options);

  const LimitKey& key() const { return key_; }
  std::uint32_t requests() const { return requests_; }
  std::uint32_t daily() const { return daily_; }
  std::uint32_t concurrent() const { return concurrent_; }
  std::uint64_t interval() const { return interval_; }  // microseconds that one request costs
  std::uint64_t capacity() const { return capacity_; }  // microseconds that a whole burst costs
  const std::string& scope() const { return scope_; }   // of the route; goes before a caller's key
  // Of RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers); empty when only `concurrent` is limited.
  const std::string& policy_text() const { return policy_text_; }

 private:
  LimitKey key_;
  std::uint32_t requests_;
  std::uint32_t daily_;
  std::uint32_t concurrent_;
  std::uint64_t interval_ = 0;
  std::uint64_t capacity_ = 0;
  std::string scope_;
  std::string policy_text_;
};

// What became of one request's wish.
struct Spent {
  bool allowed = true;
  WallSeconds retry_after = 0;  // at least 1 when it is not allowed
  // What is left, and in how many seconds all of it is there again. With RateLimit::requests and ::daily.
  std::uint64_t rate_left = 0;
  WallSeconds rate_full_in = 0;
  std::uint64_t daily_left = 0;
  WallSeconds daily_full_in = 0;
};

// Who keeps count: this process, or a store that replicas share.
class RateLimits {
 public:
  using Key = std::uint64_t;
  struct Wish {
    const RateLimit& limit;
    Key key;  // of key_of()
    TimePoint now;
    WallSeconds wall;
  };
  virtual ~RateLimits() = default;

  virtual Key key_of(const RateLimit& limit, std::string_view caller) const = 0;
  // The answer, when it can be had at once; what is allowed has been counted.
  virtual std::optional<Spent> try_take(const Wish& wish) = 0;
  // Where try_take() had none: later, on the loop, never inside the call. `wish.limit` lives as long as the
  // Operation.
  virtual net::Operation take(net::EventLoop& loop, const Wish& wish, Callback<void(Spent)> done) = 0;
  // The end of a request that was allowed by a limit with `concurrent`.
  virtual void end(Key key) = 0;
};

// This process alone; always answers at once.
class LocalRateLimits final : public RateLimits {
 public:
  // Memory: 8 bytes a key, for each of rate, quota and concurrency.
  explicit LocalRateLimits(const SipHash::Key& seed, std::size_t keys = std::size_t{1} << 18);

  Key key_of(const RateLimit& limit, std::string_view caller) const override;
  std::optional<Spent> try_take(const Wish& wish) override;
  net::Operation take(net::EventLoop& loop, const Wish& wish, Callback<void(Spent)> done) override;
  void end(Key key) override;
  // Of `concurrent` alone.
  bool try_begin(const Wish& wish);

 private:
  Spent take_now(const Wish& wish);
  void take_rate(const Wish& wish, Spent& spent);
  void take_daily(const Wish& wish, Spent& spent);

  const SipHash::Key seed_;
  const TimePoint origin_ = steady_now();
  KeyedWords rates_;
  KeyedWords quotas_;
  KeyedWords running_;
};

// A claim on one of `concurrent` requests, given up once.
class RunningRequest {
 public:
  RunningRequest() = default;
  RunningRequest(RateLimits& limits, RateLimits::Key key) : limits_(&limits), key_(key) {}
  RunningRequest(RunningRequest&& other) noexcept
      : limits_(std::exchange(other.limits_, nullptr)), key_(other.key_) {}
  RunningRequest& operator=(RunningRequest&& other) noexcept {
    std::swap(limits_, other.limits_);
    std::swap(key_, other.key_);
    return *this;
  }
  ~RunningRequest() { reset(); }
  void reset() {
    if (limits_ != nullptr) std::exchange(limits_, nullptr)->end(key_);
  }

 private:
  RateLimits* limits_ = nullptr;
  RateLimits::Key key_ = 0;
};

// The value of a RateLimit field, into `out`.
std::string_view format_rate_limit(const RateLimit& limit, const Spent& spent, std::array<char, 160>& out);

}  // namespace gw::policy
