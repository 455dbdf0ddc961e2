// SPDX-License-Identifier: Apache-2.0
#include "http/h2_budget.h"

namespace gw::http {
namespace {

// In one window. Browsers and gRPC stay far below: a probe of the bandwidth is one PING a round trip.
constexpr std::uint32_t kControl = 1000;
constexpr std::uint32_t kWindowUpdates = 4000;
constexpr std::uint32_t kUpdatesPerFrame = 4;  // for the stream and the connection, and again as much
constexpr std::uint32_t kResets = 200;
constexpr std::uint32_t kFaults = 100;

}  // namespace

bool H2Budget::spend(Cost cost, TimePoint now) {
  if (now - began_ >= kWindow) {
    *this = H2Budget();
    began_ = now;
  }
  const std::uint32_t spent = ++spent_[static_cast<std::size_t>(cost)];
  switch (cost) {
    case Cost::control:
      return spent <= kControl;
    case Cost::window_update:
      return spent <= kWindowUpdates + kUpdatesPerFrame * data_sent_;
    case Cost::reset:
      return spent <= kResets + responses_ / 2;
    case Cost::fault:
      return spent <= kFaults;
  }
  return false;
}

}  // namespace gw::http
