// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace gw::policy {
namespace {

Route route_at(const std::string& path) {
  Route route;
  route.name = route.path = path;
  return route;
}

RateLimit limit_of(const RateLimitOptions& options, const std::string& path = "/orders") {
  return RateLimit(route_at(path), options);
}

class Limits : public testing::Test {
 protected:
  Spent ask(const RateLimit& limit, std::string_view caller, Duration after = 0ms) {
    return *limits_.try_take({limit, limits_.key_of(limit, caller), start_ + after, wall_});
  }
  int allowed(const RateLimit& limit, std::string_view caller, int asked, Duration after = 0ms) {
    int count = 0;
    for (int i = 0; i < asked; ++i) count += ask(limit, caller, after).allowed ? 1 : 0;
    return count;
  }

  LocalRateLimits limits_{{1, 2}, 4096};
  const TimePoint start_ = steady_now() + 1s;
  WallSeconds wall_ = 86400 * 20000 + 100;
};

TEST_F(Limits, LetABurstPassAndThenTheRate) {
  const RateLimit limit = limit_of({.requests = 60, .per = 60s, .burst = 5});
  EXPECT_EQ(allowed(limit, "alice", 20), 5);
  EXPECT_EQ(allowed(limit, "alice", 20, 999ms), 0);
  EXPECT_EQ(allowed(limit, "alice", 20, 1s), 1);
  EXPECT_EQ(allowed(limit, "alice", 20, 4s), 3);
  EXPECT_EQ(allowed(limit, "alice", 20, 1h), 5);
}

TEST_F(Limits, SayWhatIsLeftAndWhenToComeAgain) {
  const RateLimit limit = limit_of({.requests = 2, .per = 60s, .burst = 2});
  EXPECT_EQ(limit.policy_text(), "\"rate\";q=2;w=60");
  const Spent first = ask(limit, "alice");
  EXPECT_EQ(first.rate_left, 1u);
  EXPECT_EQ(first.rate_full_in, 30);
  EXPECT_EQ(ask(limit, "alice").rate_left, 0u);
  const Spent refused = ask(limit, "alice", 10s);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 20);
  EXPECT_TRUE(ask(limit, "alice", 30s).allowed);

  std::array<char, 160> text;
  EXPECT_EQ(format_rate_limit(limit, refused, text), "\"rate\";r=0;t=50");
}

TEST_F(Limits, CountCallersAndRoutesApart) {
  const RateLimit limit = limit_of({.requests = 1, .per = 60s, .burst = 1});
  const RateLimit other = limit_of({.requests = 1, .per = 60s, .burst = 1}, "/other");
  EXPECT_EQ(allowed(limit, "alice", 2), 1);
  EXPECT_EQ(allowed(limit, "bob", 2), 1);
  EXPECT_EQ(allowed(other, "alice", 2), 1);
}

TEST_F(Limits, OfADayEndAtMidnight) {
  const RateLimit limit = limit_of({.daily = 3});
  EXPECT_EQ(allowed(limit, "alice", 5), 3);
  const Spent refused = ask(limit, "alice");
  EXPECT_EQ(refused.retry_after, 86400 - 100);
  EXPECT_EQ(refused.daily_left, 0u);
  wall_ += 86400 - 100;
  EXPECT_EQ(allowed(limit, "alice", 5), 3);
}

TEST_F(Limits, OfConcurrencyComeBackWhenRequestsEnd) {
  const RateLimit limit = limit_of({.concurrent = 2});
  const auto key = limits_.key_of(limit, "alice");
  ASSERT_EQ(allowed(limit, "alice", 3), 2);
  { const RunningRequest ends(limits_, key); }
  EXPECT_EQ(allowed(limit, "alice", 3), 1);
  for (int i = 0; i < 5; ++i) limits_.end(key);  // more ends than begins give nothing
  EXPECT_EQ(allowed(limit, "alice", 3), 2);
}

TEST_F(Limits, ThatRefuseByTheRateHoldNoConcurrency) {
  const RateLimit limit = limit_of({.requests = 1, .per = 1s, .burst = 1, .concurrent = 2});
  EXPECT_EQ(allowed(limit, "alice", 50), 1);
  EXPECT_TRUE(ask(limit, "alice", 1s).allowed);
  EXPECT_FALSE(ask(limit, "alice", 2s).allowed);  // two run
}

TEST_F(Limits, AreExactWhenManyThreadsAskAtOnce) {
  const RateLimit limit = limit_of({.requests = 1000, .per = 1h, .burst = 1000});
  std::atomic<int> passed = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) workers.emplace_back([&] { passed += allowed(limit, "alice", 1000); });
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(passed, 1000);
}

// 64 sets of words and a hundred thousand strangers: whoever is at a limit is the last to be forgotten.
TEST_F(Limits, AreNotForgottenForAFloodOfOtherCallers) {
  const RateLimit limit = limit_of({.requests = 60, .per = 60s, .burst = 20});
  LocalRateLimits small{{3, 4}, 512};
  const auto ask_small = [&](const std::string& caller) {
    return small.try_take({limit, small.key_of(limit, caller), start_, wall_})->allowed;
  };
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(ask_small("mallory"));
  for (int i = 0; i < 100'000; ++i) ask_small("stranger " + std::to_string(i));
  EXPECT_FALSE(ask_small("mallory"));
}

TEST_F(Limits, SurviveAnUptimeThatTheirClockDoesNotHold) {
  const RateLimit limit = limit_of({.requests = 60, .per = 60s, .burst = 2});
  EXPECT_EQ(allowed(limit, "alice", 3), 2);
  // 2^44 microseconds are 203 days: the stored time is read as long past or as just now, never as far ahead.
  for (const int days : {50, 120, 200, 210, 500})
    EXPECT_EQ(allowed(limit, "alice", 3, days * 24h), 2) << days;
}

}  // namespace
}  // namespace gw::policy
