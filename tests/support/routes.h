// SPDX-License-Identifier: Apache-2.0
// Route tables in a line, and requests to match against them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/field.h"
#include "http/path.h"
#include "policy/route_table.h"

namespace gw::test {

struct RouteSpec {
  std::string host = {};
  std::string path = {};
  std::vector<std::string> methods = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// Named by their place in the list ("0", "1", …), standing on lines 1, 2, …
inline std::vector<policy::Route> make_routes(const std::vector<RouteSpec>& specs) {
  std::vector<policy::Route> routes;
  for (const RouteSpec& spec : specs) {
    policy::Route route;
    route.name = std::to_string(routes.size());
    route.host = spec.host;
    route.path = spec.path;
    route.methods = spec.methods;
    route.headers = spec.headers;
    route.place = {"gatewarden.yaml", static_cast<int>(routes.size()) + 1, 5};
    routes.push_back(std::move(route));
  }
  return routes;
}

struct RequestSpec {
  std::string host = {};
  std::string path = {};
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// What became of a request, as text: the name of the route and its captures ("2 id=7"), or the problem code
// and, with method_not_allowed, the methods ("method_not_allowed GET, HEAD").
inline std::string match(const policy::RouteTable& table, const RequestSpec& request) {
  http::Fields fields;
  for (const auto& [name, value] : request.headers) fields.add(name, value);
  std::string scratch;
  const Result<http::Target> target = http::normalise_target(request.path, scratch);
  if (!target) return std::string(info_of(target.error().fault).code);

  const auto found = table.match({request.host, *target, request.method, fields});
  std::string text;
  if (!found) {
    text = info_of(found.error().fault).code;
    return found.error().allow.empty() ? text : text + " " + found.error().allow;
  }
  text = found->route->name;
  for (std::size_t i = 0; i < found->captures.size(); ++i)
    text.append(" ").append(found->captures.name(i)).append("=").append(found->captures.value(i));
  return text;
}

inline policy::RouteTable make_table(const std::vector<RouteSpec>& specs) {
  auto table = policy::RouteTable::build(make_routes(specs));
  if (!table) {
    for (const policy::RouteIssue& issue : table.error()) ADD_FAILURE() << issue.what;
    return *policy::RouteTable::build({});
  }
  return std::move(*table);
}

}  // namespace gw::test
