// SPDX-License-Identifier: Apache-2.0
// Replicas against one store that counts as Redis does, by a clock of the test's.
#include "policy/shared_rate_limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "support/counting_store.h"

namespace gw::policy {
namespace {

using test::CountingStore;

class SharedLimits : public testing::Test {
 protected:
  SharedLimits() {
    for (int i = 0; i < 3; ++i)
      replicas_.push_back(std::make_unique<SharedRateLimits>(store_, SipHash::Key{1, 2}));
  }

  Spent ask(std::size_t replica, const RateLimit& limit, std::string_view caller = "alice") {
    SharedRateLimits& limits = *replicas_[replica];
    store_.now = now_;
    const RateLimits::Wish wish{limit, limits.key_of(limit, caller), start_ + now_, wall_};
    if (const auto at_once = limits.try_take(wish)) return *at_once;
    ++asked_;
    net::EventLoop loop;
    std::optional<Spent> answered;
    const net::Operation operation = limits.take(loop, wish, [&](const Spent& spent) { answered = spent; });
    loop.post([&loop] { loop.stop(); });
    loop.run();
    return answered.value_or(Spent{false});
  }
  static RateLimit limit_of(const RateLimitOptions& options) {
    Route route;
    route.name = route.path = "/orders";
    return RateLimit(route, options);
  }

  CountingStore store_;
  std::vector<std::unique_ptr<SharedRateLimits>> replicas_;
  const TimePoint start_ = steady_now() + 1s;
  Duration now_{0};
  WallSeconds wall_ = 86400 * 20000 + 100;
  int asked_ = 0;
};

TEST_F(SharedLimits, LetThroughABurstAndTheRateHoweverRequestsAreSpread) {
  const RateLimit limit = limit_of({.requests = 100, .per = 1s, .burst = 100});
  const auto bound = [&](double seconds) {
    return 100 + 100 * seconds + 3 * SharedRateLimits::lease_of(limit);
  };
  int passed = 0;
  std::size_t turn = 0;
  for (; now_ < 10s; now_ += 1ms) {
    passed += ask(turn++ % 3, limit).allowed ? 1 : 0;
    ASSERT_LE(passed, bound(static_cast<double>(now_.count()) / 1000)) << now_.count();
  }
  EXPECT_GE(passed, 1000) << "nor is the rate denied to those who may";
}

TEST_F(SharedLimits, ABusyCallerCostsFewRoundTripsAndARefusedOneNone) {
  const RateLimit limit = limit_of({.requests = 10000, .per = 1s, .burst = 10000});
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(ask(0, limit).allowed);
  EXPECT_LT(asked_, 50);
  const RateLimit slow = limit_of({.requests = 1, .per = 1h, .burst = 1});
  ask(0, slow, "bob");
  asked_ = 0;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(ask(0, slow, "bob").allowed);
  EXPECT_LE(asked_, 1);
}

TEST_F(SharedLimits, WhoStaysBelowHalfOfTheRateIsNeverRefused) {
  const RateLimit limit = limit_of({.requests = 10, .per = 1s, .burst = 100});
  std::size_t turn = 0;
  for (; now_ < 300s; now_ += 210ms) ASSERT_TRUE(ask(turn++ % 3, limit).allowed) << now_.count();
}

TEST_F(SharedLimits, SayWhenToComeAgain) {
  const RateLimit limit = limit_of({.requests = 2, .per = 60s, .burst = 2});
  EXPECT_EQ(ask(0, limit).rate_left, 1u);
  EXPECT_EQ(ask(1, limit).rate_left, 0u);
  const Spent refused = ask(2, limit);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 30);
  now_ = 30s;
  EXPECT_TRUE(ask(2, limit).allowed);
}

TEST_F(SharedLimits, AQuotaIsSharedAndEndsAtMidnight) {
  const RateLimit limit = limit_of({.daily = 30});
  int passed = 0;
  for (std::size_t i = 0; i < 100; ++i) passed += ask(i % 3, limit).allowed ? 1 : 0;
  EXPECT_EQ(passed, 30);
  const Spent refused = ask(0, limit);
  EXPECT_GT(refused.retry_after, 0);
  wall_ += 86400;
  now_ += 24h;
  EXPECT_TRUE(ask(0, limit).allowed);
}

TEST_F(SharedLimits, WithoutTheStoreEachReplicaCountsByItself) {
  const RateLimit limit = limit_of({.requests = 5, .per = 1h, .burst = 5});
  store_.is_away = true;
  for (std::size_t replica = 0; replica < 3; ++replica) {
    int passed = 0;
    for (int i = 0; i < 20; ++i) passed += ask(replica, limit).allowed ? 1 : 0;
    EXPECT_EQ(passed, 5);
  }
}

TEST_F(SharedLimits, ConcurrencyIsGivenBack) {
  const RateLimit limit = limit_of({.requests = 1000, .per = 1s, .burst = 1000, .concurrent = 2});
  const auto key = replicas_[0]->key_of(limit, "alice");
  EXPECT_TRUE(ask(0, limit).allowed);
  EXPECT_TRUE(ask(0, limit).allowed);
  EXPECT_FALSE(ask(0, limit).allowed);
  replicas_[0]->end(key);
  EXPECT_TRUE(ask(0, limit).allowed);
}

}  // namespace
}  // namespace gw::policy
