// SPDX-License-Identifier: Apache-2.0
// What a client may ask of a connection for nothing.
#include <gtest/gtest.h>

#include "http/h2_budget.h"

namespace gw::http {
namespace {

using Cost = H2Budget::Cost;

int count_until_refused(H2Budget& budget, Cost cost, TimePoint now) {
  int taken = 0;
  while (taken < 100000 && budget.spend(cost, now)) ++taken;
  return taken;
}

TEST(H2Budget, EndsForEveryCostAndComesBackWithTime) {
  const TimePoint start = steady_now();
  for (const Cost cost : {Cost::control, Cost::window_update, Cost::reset, Cost::fault}) {
    H2Budget budget;
    const int taken = count_until_refused(budget, cost, start);
    EXPECT_GE(taken, 100);
    EXPECT_LE(taken, 4000);
    EXPECT_FALSE(budget.spend(cost, start + 9s));
    EXPECT_TRUE(budget.spend(cost, start + 10s));
  }
}

TEST(H2Budget, HonestWorkEarnsMore) {
  const TimePoint start = steady_now();
  H2Budget idle, busy;
  ASSERT_TRUE(busy.spend(Cost::reset, start));
  for (int i = 0; i < 1000; ++i) {
    busy.on_response_complete();
    busy.on_data_sent();
  }
  EXPECT_GT(count_until_refused(busy, Cost::reset, start),
            count_until_refused(idle, Cost::reset, start) + 400);
  EXPECT_GT(count_until_refused(busy, Cost::window_update, start),
            count_until_refused(idle, Cost::window_update, start) + 1000);
}

}  // namespace
}  // namespace gw::http
