// SPDX-License-Identifier: Apache-2.0
// Requests that a configuration's own routes are reached by: what attacks set out from.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/route_table.h"

namespace gw::attack {

struct Target {
  const policy::Route* route = nullptr;  // lives as long as the table
  std::string host;
  std::string path;
  std::string method;
  std::string query;  // with its '?', or empty
  std::vector<std::pair<std::string, std::string>> headers;
  bool is_open = false;
};

// A request that this route answers, from an address of the loopback; nothing when another one always would,
// or the route wants another address.
std::optional<Target> find_target(const policy::RouteTable& table, const policy::Route& route,
                                  const std::string& default_host);

// The route demands a token and refuses without one.
bool is_guarded(const policy::Route& route);
// Asks nobody who they are.
bool is_open(const policy::Route& route);
// What a caller with any good token may lack.
bool has_demands(const policy::Route& route);

struct Targets {
  std::vector<Target> guarded;  // in the order of the routes; the best to aim at first
  std::vector<Target> open;     // those with an upstream first
};
Targets find_targets(const policy::RouteTable& table, const std::string& default_host);

// The route that takes `path` (as written, perhaps malformed) is an open one.
bool is_taken_by_open_route(const policy::RouteTable& table, const Target& target, std::string_view path);

}  // namespace gw::attack
