// SPDX-License-Identifier: Apache-2.0
// A file of policy cases, `cases: [{name, request: {method, url, headers}, claims, expect: {decision, route,
// upstream, path, status, code}}]`, read as strictly as a configuration.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "config/issues.h"

namespace gw::config {

struct Case {
  std::string name;
  Place place;
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string client_ip = "127.0.0.1";
  std::optional<json::Value> claims;
  // What is not expected is not looked at.
  std::optional<bool> forwards;
  std::optional<std::string> route;
  std::optional<std::string> upstream;
  std::optional<std::string> path;
  std::optional<std::uint16_t> status;
  std::optional<std::string> code;
};

struct LoadedCases {
  std::vector<Case> cases;
  Issues issues;  // sorted
};

LoadedCases load_cases(const std::string& path);

}  // namespace gw::config
