// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace gw::http {

// `limits:` of the configuration.
struct Limits {
  std::size_t header_bytes = 32 * 1024;       // request line and fields; 431
  std::size_t headers = 100;                  // fields; 431
  std::size_t uri_bytes = 16 * 1024;          // request target; 414
  std::uint64_t body = 100ull * 1024 * 1024;  // 413; a route may set its own
  std::size_t connections = 50000;
  Duration client_header_timeout = 10s;  // from the first byte to the end of the head, TLS included; 408
  Duration client_body_timeout = 30s;    // between two reads; 408
  std::uint64_t client_min_rate = 240;   // bytes a second, of a body either way; 0: any
  Duration idle_timeout = 75s;
  std::uint32_t h2_streams = 128;
};

}  // namespace gw::http
