// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_limit.h"

#include <algorithm>
#include <cstdio>

namespace gw::policy {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr WallSeconds kDay = 24 * 60 * 60;
// No bucket takes longer to fill (config refuses it); what seems to lie further ahead is an old number that
// the clock has lapped.
constexpr std::uint64_t kLongest = std::uint64_t{30} * 24 * 60 * 60 * kSecond;

constexpr unsigned kCountBits = 30;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;
constexpr std::uint64_t kDayMask = KeyedWords::kMask >> kCountBits;

std::uint64_t to_microseconds(std::chrono::nanoseconds duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

WallSeconds seconds_up(std::uint64_t microseconds) {
  return static_cast<WallSeconds>(divide_up(microseconds, kSecond));
}

// How far a stored time lies ahead of now, both modulo 2^44; 0 when it has passed.
std::uint64_t ahead_of(std::uint64_t then, std::uint64_t now) {
  const std::uint64_t ahead = (then - now) & KeyedWords::kMask;
  return ahead > kLongest ? 0 : ahead;
}

}  // namespace

RateLimit::RateLimit(const Route& route, const RateLimitOptions& options)
    : key_(options.key),
      requests_(options.requests),
      daily_(options.daily),
      concurrent_(options.concurrent),
      scope_(route.host + '\n' + route.path + '\n' + route.name + '\n') {
  if (requests_ != 0) {
    interval_ = std::max<std::uint64_t>(1, divide_up(to_microseconds(options.per), requests_));
    capacity_ = interval_ * std::max<std::uint64_t>(1, options.burst);
    policy_text_ = "\"rate\";q=" + std::to_string(requests_) +
                   ";w=" + std::to_string(std::max<WallSeconds>(1, seconds_up(to_microseconds(options.per))));
  }
  if (daily_ != 0)
    policy_text_ += (policy_text_.empty() ? "\"daily\";q=" : ", \"daily\";q=") + std::to_string(daily_) +
                    ";w=" + std::to_string(kDay);
}

LocalRateLimits::LocalRateLimits(const SipHash::Key& seed, std::size_t keys)
    : seed_(seed), rates_(keys), quotas_(keys), running_(keys) {}

RateLimits::Key LocalRateLimits::key_of(const RateLimit& limit, std::string_view caller) const {
  // Two hashes rather than one of a joined text: nothing is allocated.
  const SipHash::Key inner{SipHash(seed_).hash(limit.scope()), seed_[1]};
  return SipHash(inner).hash(caller);
}

std::optional<Spent> LocalRateLimits::try_take(const Wish& wish) {
  return take_now(wish);
}

net::Operation LocalRateLimits::take(net::EventLoop& loop, const Wish& wish, Callback<void(Spent)> done) {
  const std::uint64_t id =
      loop.expect([done = std::move(done)](void* spent) mutable { done(*static_cast<const Spent*>(spent)); });
  loop.complete_later(id, take_now(wish));
  return loop.operation_of(id);
}

void LocalRateLimits::end(Key key) {
  running_.update(
      key,
      [](std::optional<std::uint64_t> count) -> std::optional<std::uint64_t> {
        if (!count || *count == 0) return std::nullopt;
        return *count - 1;
      },
      [](std::uint64_t count) { return count == 0 ? 0 : KeyedWords::kNever; });
}

Spent LocalRateLimits::take_now(const Wish& wish) {
  Spent spent;
  const bool counts_running = wish.limit.concurrent() != 0;
  if (counts_running && !try_begin(wish)) {
    spent.allowed = false;
    spent.retry_after = 1;
    return spent;
  }
  if (wish.limit.requests() != 0) take_rate(wish, spent);
  if (wish.limit.daily() != 0 && spent.allowed) take_daily(wish, spent);
  if (counts_running && !spent.allowed) end(wish.key);
  return spent;
}

// No room for one more key is a refusal: what cannot be counted cannot be allowed.
bool LocalRateLimits::try_begin(const Wish& wish) {
  bool allowed = false;
  const bool has_room = running_.update(
      wish.key,
      [&](std::optional<std::uint64_t> count) -> std::optional<std::uint64_t> {
        const std::uint64_t running = count.value_or(0);
        allowed = running < wish.limit.concurrent();
        if (!allowed) return std::nullopt;
        return running + 1;
      },
      [](std::uint64_t count) { return count == 0 ? 0 : KeyedWords::kNever; });
  return has_room && allowed;
}

// GCRA (the "virtual scheduling" of ITU-T I.371): the number is the time when the bucket is full again.
void LocalRateLimits::take_rate(const Wish& wish, Spent& spent) {
  const std::uint64_t now = to_microseconds(wish.now - origin_) & KeyedWords::kMask;
  const std::uint64_t interval = wish.limit.interval(), capacity = wish.limit.capacity();
  std::uint64_t used = 0;
  rates_.update(
      wish.key,
      [&](std::optional<std::uint64_t> full_at) -> std::optional<std::uint64_t> {
        used = full_at ? ahead_of(*full_at, now) : 0;
        spent.allowed = used + interval <= capacity;
        if (!spent.allowed) return std::nullopt;
        used += interval;
        return now + used;
      },
      // Those who used the least lose the least, and so make room.
      [&](std::uint64_t full_at) { return ahead_of(full_at, now); });
  spent.rate_left = used >= capacity ? 0 : (capacity - used) / interval;
  spent.rate_full_in = seconds_up(used);
  if (!spent.allowed) spent.retry_after = std::max<WallSeconds>(1, seconds_up(used + interval - capacity));
}

void LocalRateLimits::take_daily(const Wish& wish, Spent& spent) {
  const std::uint64_t today = static_cast<std::uint64_t>(wish.wall / kDay) & kDayMask;
  const auto used_today = [today](std::uint64_t value) {
    return value >> kCountBits == today ? value & kCountMask : 0;
  };
  std::uint64_t used = 0;
  quotas_.update(
      wish.key,
      [&](std::optional<std::uint64_t> value) -> std::optional<std::uint64_t> {
        used = value ? used_today(*value) : 0;
        spent.allowed = used < wish.limit.daily();
        if (!spent.allowed) return std::nullopt;
        return today << kCountBits | ++used;
      },
      used_today);
  spent.daily_left = wish.limit.daily() - std::min<std::uint64_t>(used, wish.limit.daily());
  spent.daily_full_in = kDay - wish.wall % kDay;
  if (!spent.allowed) spent.retry_after = spent.daily_full_in;
}

std::string_view format_rate_limit(const RateLimit& limit, const Spent& spent, std::array<char, 160>& out) {
  int used = 0;
  const auto append = [&](const char* name, std::uint64_t left, WallSeconds full_in) {
    const int more = std::snprintf(out.data() + used, out.size() - static_cast<std::size_t>(used),
                                   "%s\"%s\";r=%llu;t=%lld", used == 0 ? "" : ", ", name,
                                   static_cast<unsigned long long>(left), static_cast<long long>(full_in));
    used += std::max(more, 0);
  };
  if (limit.requests() != 0) append("rate", spent.rate_left, spent.rate_full_in);
  // A refusal by the rate has not looked at the quota.
  if (limit.daily() != 0 && spent.daily_full_in != 0) append("daily", spent.daily_left, spent.daily_full_in);
  return {out.data(), static_cast<std::size_t>(std::min<int>(used, static_cast<int>(out.size()) - 1))};
}

}  // namespace gw::policy
