// SPDX-License-Identifier: Apache-2.0
// Requests that show what two routes have in common. From two patterns a few requests are made that meet
// both, and no other route by accident: names and rests are filled with a word that nobody writes.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/path_template.h"
#include "policy/route_table.h"

namespace gw::policy {

class Request {
 public:
  // Null when no route is this request's.
  const Route* match(const RouteTable& table) const;
  std::string text() const;  // "GET api.example.com/orders"

  std::string host, path, method, query, client;
  std::vector<std::pair<std::string, std::string>> headers;
};

class RouteIndex {
 public:
  // The route outlives the index.
  void add(const Route& route);

  // Requests that `route` and one other (or itself) both match.
  template <class Visit>
  void for_each_meeting(const Route& route, const Visit& visit) const {
    for (const Request& request : meetings_of(route)) visit(request);
  }

 private:
  struct Entry {
    const Route* route;
    PathTemplate path;
  };

  std::vector<Request> meetings_of(const Route& route) const;

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_first_;  // by a literal first segment
  std::vector<std::size_t> anywhere_;                                   // the others
};

}  // namespace gw::policy
