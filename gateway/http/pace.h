// SPDX-License-Identifier: Apache-2.0
// How fast a client moves bytes, over windows of `client_body_timeout`: one that sends or reads a byte now
// and then keeps every timer between two reads from running out, and would hold its connection for ever.
// THREAD: one worker.
#pragma once

#include <cstddef>
#include <cstdint>

#include "http/limits.h"

namespace gw::http {

class Pace {
 public:
  // A window begins: bytes are waited for from now on. `total`: how many there have been.
  void begin(TimePoint now, std::int64_t total) {
    since_ = now;
    before_ = total;
  }
  bool began_by(TimePoint then) const { return since_ <= then; }
  // False when a window is over and too little came of it; else the next begins once it is over. `shares`:
  // how many have divided `total` among them and are to be this fast each.
  bool holds(const Limits& limits, TimePoint now, std::int64_t total, std::size_t shares = 1) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - since_);
    if (passed < limits.client_body_timeout) return true;
    const double wanted =
        static_cast<double>(limits.client_min_rate * shares) * static_cast<double>(passed.count()) / 1000;
    const std::int64_t moved = total - before_;
    if (moved <= 0 || static_cast<double>(moved) < wanted) return false;
    begin(now, total);
    return true;
  }

 private:
  TimePoint since_{};
  std::int64_t before_ = 0;
};

}  // namespace gw::http
