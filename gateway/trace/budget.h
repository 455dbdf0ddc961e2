// SPDX-License-Identifier: Apache-2.0
// How many spans may be made in a second: whoever may send `traceparent` may ask for them, and making them
// costs time. THREAD: one.
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace gw::trace {

class Budget {
 public:
  explicit Budget(std::size_t per_second) : per_second_(per_second) {}

  bool has_room(TimePoint now) {
    if (now - began_ >= 1s) {
      began_ = now;
      spent_ = 0;
    }
    return spent_ < per_second_;
  }
  void spend(std::size_t spans) { spent_ += spans; }

 private:
  const std::size_t per_second_;
  TimePoint began_{};
  std::size_t spent_ = 0;
};

}  // namespace gw::trace
