// SPDX-License-Identifier: Apache-2.0
#include "http/pace.h"

#include <gtest/gtest.h>

namespace gw::http {
namespace {

Limits limits(std::uint64_t rate) {
  Limits made;
  made.client_body_timeout = 10s;
  made.client_min_rate = rate;
  return made;
}

TEST(Pace, IsJudgedOverWholeWindows) {
  const TimePoint start{1h};
  Pace pace;
  pace.begin(start, 100);
  EXPECT_TRUE(pace.holds(limits(240), start + 9s, 100)) << "a window is not over yet";
  EXPECT_FALSE(pace.holds(limits(240), start + 10s, 100 + 2399));
  EXPECT_TRUE(pace.holds(limits(240), start + 10s, 100 + 2400));
  // The next window begins where that one ended.
  EXPECT_TRUE(pace.holds(limits(240), start + 19s, 2500));
  EXPECT_FALSE(pace.holds(limits(240), start + 20s, 2501));
}

TEST(Pace, OfALateLookIsThatOfTheTimePassed) {
  const TimePoint start{1h};
  Pace pace;
  pace.begin(start, 0);
  EXPECT_FALSE(pace.holds(limits(240), start + 20s, 4799));
  EXPECT_TRUE(pace.holds(limits(240), start + 20s, 4800));
}

TEST(Pace, OfAnyRateIsStillNoStandstill) {
  const TimePoint start{1h};
  Pace pace;
  pace.begin(start, 5);
  EXPECT_FALSE(pace.holds(limits(0), start + 10s, 5));
  EXPECT_FALSE(pace.holds(limits(0), start + 10s, 4)) << "more in the kernel than before";
  EXPECT_TRUE(pace.holds(limits(0), start + 10s, 6));
}

TEST(Pace, OfWhatSeveralShareIsAShare) {
  const TimePoint start{1h};
  Pace pace;
  pace.begin(start, 0);
  EXPECT_FALSE(pace.holds(limits(240), start + 10s, 3 * 2400 - 1, 3));
  EXPECT_TRUE(pace.holds(limits(240), start + 10s, 3 * 2400, 3));
  EXPECT_TRUE(pace.began_by(start + 10s));
  EXPECT_FALSE(pace.began_by(start + 9s));
}

}  // namespace
}  // namespace gw::http
