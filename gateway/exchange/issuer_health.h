// SPDX-License-Identifier: Apache-2.0
// What is known of an issuer whose keys are fetched, for those who look after the gateway. A value.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace gw::exchange {

struct IssuerHealth {
  std::string name;  // the key in `issuers:`
  std::size_t keys = 0;
  WallSeconds fetched_at = 0;  // of the keys in use; 0: never
  std::string problem;         // of the last fetch; empty when it was good
  std::uint64_t fetches = 0;
  std::uint64_t failures = 0;
};

}  // namespace gw::exchange
