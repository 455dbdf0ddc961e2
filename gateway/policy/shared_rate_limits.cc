// SPDX-License-Identifier: Apache-2.0
#include "policy/shared_rate_limits.h"

#include <algorithm>
#include <bit>

namespace gw::policy {
namespace {

constexpr WallSeconds kDay = 24 * 60 * 60;
constexpr std::uint64_t kSecond = 1'000'000;  // microseconds
// A word is until when, in milliseconds modulo 2^30 (12 days); the power of two that the last lease was; and
// how many are left.
constexpr unsigned kCountBits = 10, kPowerBits = 4;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;
constexpr std::uint64_t kPowerMask = (std::uint64_t{1} << kPowerBits) - 1;
constexpr std::uint64_t kTimeMask = KeyedWords::kMask >> (kCountBits + kPowerBits);
constexpr std::uint64_t kShortestLife = 1'000, kLongestLife = 60'000, kQuotaLife = 3'600'000;  // milliseconds
constexpr std::uint64_t kLongestRefusal = 10'000;  // remembered, in milliseconds

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

bool is_ahead(std::uint64_t then, std::uint64_t now) {
  const std::uint64_t ahead = (then - now) & kTimeMask;
  return ahead != 0 && ahead < kTimeMask / 2;
}

struct Held {
  std::uint64_t until = 0;
  std::uint64_t power = 0;
  std::uint64_t count = 0;

  static Held of(std::uint64_t value) {
    return {value >> (kCountBits + kPowerBits), value >> kCountBits & kPowerMask, value & kCountMask};
  }
  std::uint64_t value() const {
    return (until & kTimeMask) << (kCountBits + kPowerBits) | power << kCountBits | count;
  }
};

std::uint64_t rank_of(std::uint64_t value) {
  return value;  // what ends first makes room
}

}  // namespace

SharedRateLimits::SharedRateLimits(store::SharedStore& store, const SipHash::Key& seed, std::size_t keys)
    : store_(store), local_(seed, keys), leases_(keys), quotas_(keys), refused_(keys) {}

std::uint32_t SharedRateLimits::lease_of(const RateLimit& limit) {
  if (limit.requests() == 0) return 0;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(limit.capacity() / limit.interval() / 10, 1, kMostLeased));
}

std::uint32_t SharedRateLimits::quota_lease_of(const RateLimit& limit) {
  if (limit.daily() == 0) return 0;
  return std::clamp<std::uint32_t>(limit.daily() / 100, 1, kMostLeased);
}

std::optional<Spent> SharedRateLimits::try_take(const Wish& wish) {
  if (wish.limit.requests() == 0 && wish.limit.daily() == 0) return local_.try_take(wish);
  const std::uint64_t now = milliseconds(wish.now);
  std::optional<std::uint64_t> wait;
  refused_.update(
      wish.key,
      [&](std::optional<std::uint64_t> value) -> std::optional<std::uint64_t> {
        wait.reset();
        const std::uint64_t until = value ? Held::of(*value).until : now;
        if (is_ahead(until, now)) wait = (until - now) & kTimeMask;
        return std::nullopt;
      },
      rank_of);
  if (!wait) return spend(wish);
  Spent refused;
  refused.allowed = false;
  refused.retry_after = std::max<WallSeconds>(1, static_cast<WallSeconds>(divide_up(*wait, 1000)));
  refused.daily_full_in = wish.limit.daily() != 0 ? kDay - wish.wall % kDay : 0;
  return refused;
}

net::Operation SharedRateLimits::take(net::EventLoop& loop, const Wish& wish, Callback<void(Spent)> done) {
  const std::uint64_t now = milliseconds(wish.now);
  Wanted wanted;
  if (wish.limit.requests() != 0) wanted.rate = size_next(leases_, wish.key, now, lease_of(wish.limit));
  if (wish.limit.daily() != 0) wanted.quota = size_next(quotas_, wish.key, now, quota_lease_of(wish.limit));
  store::RateLease lease;
  lease.key = wish.key;
  lease.interval = wish.limit.requests() == 0 ? 0 : wish.limit.interval();
  lease.capacity = wish.limit.capacity();
  lease.wanted = wanted.rate;
  lease.day = wish.wall / kDay;
  lease.quota = wish.limit.daily();
  lease.quota_wanted = wanted.quota;
  return store_.lease(
      loop, lease, [this, wish, wanted, done = std::move(done)](Result<store::GrantedLease> granted) mutable {
        done(settle(wish, wanted, granted));
      });
}

Spent SharedRateLimits::settle(const Wish& wish, const Wanted& wanted,
                               const Result<store::GrantedLease>& granted) {
  if (!granted) return *local_.try_take(wish);  // the store is away
  const std::uint64_t now = milliseconds(wish.now);
  if (granted->granted > 0) {
    // By the end the bucket has got back what is forgotten here.
    const std::uint64_t life = wish.limit.interval() * granted->granted / 1000;
    add(leases_, wish.key, now, std::clamp(life, kShortestLife, kLongestLife), granted->granted, wanted.rate);
  }
  if (granted->from_quota > 0) {
    const auto to_midnight = static_cast<std::uint64_t>(kDay - wish.wall % kDay) * 1000;
    add(quotas_, wish.key, now, std::min(kQuotaLife, to_midnight), granted->from_quota, wanted.quota);
  }
  // What others have leased meanwhile, for this replica, will do as well.
  auto spent = spend(wish);
  if (!spent) return refuse(wish, *granted);
  if (wish.limit.requests() != 0) {
    const std::uint64_t capacity = wish.limit.capacity(), interval = wish.limit.interval();
    if (granted->used < capacity) spent->rate_left += (capacity - granted->used) / interval;
    spent->rate_full_in = static_cast<WallSeconds>(divide_up(granted->used, kSecond));
  }
  if (wish.limit.daily() != 0)
    spent->daily_left +=
        wish.limit.daily() - std::min<std::uint64_t>(granted->quota_spent, wish.limit.daily());
  return *spent;
}

Spent SharedRateLimits::refuse(const Wish& wish, const store::GrantedLease& last) {
  Spent refused;
  refused.allowed = false;
  std::uint64_t wait = 1000;
  const bool by_rate =
      wish.limit.requests() != 0 && last.used + wish.limit.interval() > wish.limit.capacity();
  if (by_rate) {
    const std::uint64_t until = last.used + wish.limit.interval() - wish.limit.capacity();
    refused.retry_after = std::max<WallSeconds>(1, static_cast<WallSeconds>(divide_up(until, kSecond)));
    wait = until / 1000;
  }
  refused.rate_full_in = static_cast<WallSeconds>(divide_up(last.used, kSecond));
  if (wish.limit.daily() != 0) {
    refused.daily_full_in = kDay - wish.wall % kDay;
    if (!by_rate) refused.retry_after = refused.daily_full_in;
  }
  if (refused.retry_after == 0) refused.retry_after = 1;
  const Held until{milliseconds(wish.now) + std::clamp<std::uint64_t>(wait, 1, kLongestRefusal), 0, 0};
  refused_.update(
      wish.key, [&](std::optional<std::uint64_t>) { return std::optional(until.value()); }, rank_of);
  return refused;
}

std::optional<Spent> SharedRateLimits::spend(const Wish& wish) {
  const std::uint64_t now = milliseconds(wish.now);
  const bool rated = wish.limit.requests() != 0, has_quota = wish.limit.daily() != 0;
  std::optional<std::uint64_t> leased = 0, quota = 0;
  if (rated) leased = take_one(leases_, wish.key, now);
  if (!leased) return std::nullopt;
  if (has_quota) quota = take_one(quotas_, wish.key, now);
  if (!quota) {
    if (rated) add(leases_, wish.key, now, kShortestLife, 1, 1);
    return std::nullopt;
  }
  if (wish.limit.concurrent() == 0 || local_.try_begin(wish)) return allowed(wish, *leased, *quota);
  Spent refused;
  refused.allowed = false;
  refused.retry_after = 1;
  return refused;
}

Spent SharedRateLimits::allowed(const Wish& wish, std::uint64_t leased, std::uint64_t quota) const {
  Spent spent;
  spent.rate_left = leased;
  if (wish.limit.requests() != 0)
    spent.rate_full_in = static_cast<WallSeconds>(divide_up(
        wish.limit.capacity() - std::min(wish.limit.capacity(), leased * wish.limit.interval()), kSecond));
  spent.daily_left = quota;
  if (wish.limit.daily() != 0) spent.daily_full_in = kDay - wish.wall % kDay;
  return spent;
}

std::uint64_t SharedRateLimits::milliseconds(TimePoint at) const {
  if (at < origin_) return 0;
  return static_cast<std::uint64_t>(
             std::chrono::duration_cast<std::chrono::milliseconds>(at - origin_).count()) &
         kTimeMask;
}

// What is left after it; nothing: there was none.
std::optional<std::uint64_t> SharedRateLimits::take_one(KeyedWords& words, Key key, std::uint64_t now) {
  std::optional<std::uint64_t> left;
  words.update(
      key,
      [&](std::optional<std::uint64_t> value) -> std::optional<std::uint64_t> {
        left.reset();
        Held held = Held::of(value.value_or(0));
        if (held.count == 0 || !is_ahead(held.until, now)) return std::nullopt;
        left = --held.count;
        return held.value();
      },
      rank_of);
  return left;
}

void SharedRateLimits::add(KeyedWords& words, Key key, std::uint64_t now, std::uint64_t life,
                           std::uint32_t count, std::uint32_t wanted) {
  words.update(
      key,
      [&](std::optional<std::uint64_t> value) -> std::optional<std::uint64_t> {
        const Held held = Held::of(value.value_or(0));
        const bool lives = value && is_ahead(held.until, now);
        Held next{now + life, static_cast<std::uint64_t>(std::bit_width(wanted) - 1), count};
        if (lives) next.power = std::max(next.power, held.power);
        if (lives) next.count = std::min(kCountMask, next.count + held.count);
        if (lives && is_ahead(held.until, next.until & kTimeMask)) next.until = held.until;
        return next.value();
      },
      rank_of);
}

// Others who ask at the same time begin with one: together they hold little more than one lease.
std::uint32_t SharedRateLimits::size_next(KeyedWords& words, Key key, std::uint64_t now, std::uint32_t most) {
  std::uint64_t power = 0;
  words.update(
      key,
      [&](std::optional<std::uint64_t> value) -> std::optional<std::uint64_t> {
        power = 0;
        if (!value) return std::nullopt;
        Held held = Held::of(*value);
        const bool lives = is_ahead(held.until, now);
        if (held.count == 0 && lives) power = held.power + 1;                        // spent in time
        if (held.count == 0 && !lives) power = held.power > 0 ? held.power - 1 : 0;  // spent slowly
        if (held.count > 0 && lives) power = held.power;
        power = std::min<std::uint64_t>(power, static_cast<std::uint64_t>(std::bit_width(most) - 1));
        held.power = 0;
        return held.value();
      },
      rank_of);
  return std::uint32_t{1} << power;
}

}  // namespace gw::policy
