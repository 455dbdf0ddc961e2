// SPDX-License-Identifier: Apache-2.0
// What a client may ask of one HTTP/2 connection without asking for a response: each such frame is cheap for
// it and not for us (CVE-2019-9512 to 9518, CVE-2023-44487, CVE-2025-8671). Counted in windows of time;
// honest work earns more. THREAD: one worker.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace gw::http {

class H2Budget {
 public:
  enum class Cost : std::uint8_t {
    control,        // SETTINGS, PING, PRIORITY, CONTINUATION, empty DATA
    window_update,  // earned by what is sent
    reset,          // a request taken back; earned by responses that were wanted
    fault,          // a frame that breaks a rule and with it a stream
  };

  // False when it has been too much.
  bool spend(Cost cost, TimePoint now);
  void on_data_sent() { ++data_sent_; }
  void on_response_complete() { ++responses_; }

 private:
  static constexpr Duration kWindow = 10s;

  TimePoint began_{};
  std::uint32_t spent_[4] = {};
  std::uint32_t data_sent_ = 0;
  std::uint32_t responses_ = 0;
};

}  // namespace gw::http
