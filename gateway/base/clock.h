// SPDX-License-Identifier: Apache-2.0
// Two clocks: steady for deadlines, wall seconds (since 1970, UTC) for what tokens and stores say.
// Code that judges time takes `now` as a parameter, so tests need no clock to wait for.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gw {

using namespace std::chrono_literals;  // NOLINT: durations are read everywhere
using Duration = std::chrono::milliseconds;
using TimePoint = std::chrono::steady_clock::time_point;
using WallSeconds = std::int64_t;

inline TimePoint steady_now() {
  return std::chrono::steady_clock::now();
}
inline WallSeconds wall_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Until the wall clock has passed that second; none when it has.
inline Duration left_of_second(WallSeconds second) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::max(Duration{0}, std::chrono::ceil<Duration>(std::chrono::seconds(second + 1) - now));
}

}  // namespace gw
