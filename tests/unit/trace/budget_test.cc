// SPDX-License-Identifier: Apache-2.0
#include "trace/budget.h"

#include <gtest/gtest.h>

namespace gw::trace {
namespace {

TEST(Budget, IsSpentWithinASecondAndWholeAgainAfterIt) {
  const TimePoint start = steady_now();
  Budget budget(10);
  EXPECT_TRUE(budget.has_room(start));
  budget.spend(9);
  EXPECT_TRUE(budget.has_room(start + 500ms));
  budget.spend(3);
  EXPECT_FALSE(budget.has_room(start + 500ms));
  EXPECT_FALSE(budget.has_room(start + 999ms));
  EXPECT_TRUE(budget.has_room(start + 1s));
  budget.spend(10);
  EXPECT_FALSE(budget.has_room(start + 1900ms));
}

}  // namespace
}  // namespace gw::trace
