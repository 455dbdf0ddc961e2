// SPDX-License-Identifier: Apache-2.0
// Rates and quotas that replicas share. The store keeps count; a replica leases several requests' worth at
// once and spends them without asking. A lease begins with one, doubles each time that it was spent within
// its life, up to a tenth of the burst and kMostLeased, and begins with one again when it was not. So in a
// time T
//   burst + rate * T + replicas * lease
// pass at most; and what is leased in vain is never more than what was used just before: who stays below half
// of its rate is refused by none. A refusal is remembered, so that a flood costs no round trips. While the
// store is away each replica counts by itself. Requests at the same time (`concurrent`) each replica counts
// for itself, always. THREAD: any.
#pragma once

#include "policy/keyed_words.h"
#include "policy/rate_limit.h"
#include "store/shared_store.h"

namespace gw::policy {

class SharedRateLimits final : public RateLimits {
 public:
  static constexpr std::uint32_t kMostLeased = 512;

  // The seed is the same for all replicas: keys are named by it.
  SharedRateLimits(store::SharedStore& store, const SipHash::Key& seed,
                   std::size_t keys = std::size_t{1} << 18);

  // The largest leases.
  static std::uint32_t lease_of(const RateLimit& limit);
  static std::uint32_t quota_lease_of(const RateLimit& limit);

  Key key_of(const RateLimit& limit, std::string_view caller) const override {
    return local_.key_of(limit, caller);
  }
  std::optional<Spent> try_take(const Wish& wish) override;
  net::Operation take(net::EventLoop& loop, const Wish& wish, Callback<void(Spent)> done) override;
  void end(Key key) override { local_.end(key); }

 private:
  struct Wanted {
    std::uint32_t rate = 0;
    std::uint32_t quota = 0;
  };
  Spent settle(const Wish& wish, const Wanted& wanted, const Result<store::GrantedLease>& granted);
  Spent refuse(const Wish& wish, const store::GrantedLease& last);
  std::optional<Spent> spend(const Wish& wish);
  Spent allowed(const Wish& wish, std::uint64_t leased, std::uint64_t quota) const;
  std::uint64_t milliseconds(TimePoint at) const;

  static std::optional<std::uint64_t> take_one(KeyedWords& words, Key key, std::uint64_t now);
  static void add(KeyedWords& words, Key key, std::uint64_t now, std::uint64_t life, std::uint32_t count,
                  std::uint32_t wanted);
  // How many to ask for.
  static std::uint32_t size_next(KeyedWords& words, Key key, std::uint64_t now, std::uint32_t most);

  store::SharedStore& store_;
  LocalRateLimits local_;
  const TimePoint origin_ = steady_now();
  KeyedWords leases_;   // how many, of how large a lease, and until when
  KeyedWords quotas_;   // likewise
  KeyedWords refused_;  // until when
};

}  // namespace gw::policy
