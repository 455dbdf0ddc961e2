// SPDX-License-Identifier: Apache-2.0
// How a line of the access log is written.
#pragma once

#include <cstdint>

namespace gw {

enum class AccessFormat : std::uint8_t {
  json,
  text,
  ecs,       // the Elastic Common Schema, as its loggers write it
  common,    // NCSA's, as Apache and nginx write it
  combined,  // with Referer and User-Agent
};

}  // namespace gw
