// SPDX-License-Identifier: Apache-2.0
// Runs the table of attempts against a gateway, and judges what came of each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attack/attempts.h"
#include "attack/wire.h"
#include "base/result.h"
#include "config/config.h"

namespace gw::attack {

enum class Verdict : std::uint8_t { held, through, skipped };

struct Finding {
  const Attempt* attempt = nullptr;
  Verdict verdict = Verdict::held;
  std::string route;     // aimed at
  std::string request;   // the bytes
  std::string happened;  // in words; of what was skipped, why
};

struct Plan {
  config::Config config;         // whose routes are aimed at
  std::optional<Server> server;  // a deployed gateway; nothing: one of the configuration, in this process
  std::string host;              // of the requests, where a route takes any
};

struct Report {
  std::vector<Finding> findings;
  std::size_t routes_left_out = 0;  // of more than are tried one by one

  std::size_t count(Verdict verdict) const;
};

// The error is lines for people: why it could not be run, or not to its end.
Result<Report, std::string> run(Plan plan);

}  // namespace gw::attack
