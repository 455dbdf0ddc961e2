// SPDX-License-Identifier: Apache-2.0
// Where spans go, and how many requests have them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

namespace gw::trace {

struct Options {
  std::string url;       // of the collector, with its /v1/traces
  double sample = 0.01;  // of the traces that begin here
  std::string service = "gatewarden";
  std::vector<std::pair<std::string, SecretString>> headers;
  std::string ca_file;
  std::string ca;  // what it holds: PEM, the only authorities that are trusted; empty: the system's
  Duration timeout = 10s;
};

}  // namespace gw::trace
