// SPDX-License-Identifier: Apache-2.0
// All routes of a snapshot, and the only answer to "which route is this request's". Routes have no order; of
// those that match, the most specific wins: exact host over wildcard (the longest suffix) over any; then,
// segment by segment, a literal (or the end of the path) over {name} over /**; then listed methods over any;
// then more headers over fewer, more query parameters over fewer, narrower clients over wider.
// THREAD: immutable once built; any number of threads match. Nothing is allocated for a request that matches
// and has no ;parameters.
//
// Why two routes of different host or path shape never tie: if both match one path, then at the first segment
// where their shapes differ one has a literal or its end there and the other a {name} or /**, or one has a
// {name} and the other /** (two different literals cannot both match). That place alone decides, whatever
// the request. So only routes of the same host and shape are compared when the table is built.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "http/field.h"
#include "http/path.h"
#include "policy/path_template.h"
#include "policy/route.h"
#include "policy/route_condition.h"
#include "policy/segment_index.h"

namespace gw::policy {

// What the {names} of a path stand for in one request, as in the normalised path (percent-encodings kept).
class Captures {
 public:
  // Nothing when the route has no such name.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t size() const { return names_ == nullptr ? 0 : names_->size(); }
  const std::string& name(std::size_t i) const { return (*names_)[i]; }
  std::string_view value(std::size_t i) const { return values_[i]; }

 private:
  friend class RouteTable;
  const std::vector<std::string>* names_ = nullptr;         // of the table's template
  std::array<std::string_view, kMaxTemplateNames> values_;  // into the request's path
};

struct RouteMatch {
  const Route* route = nullptr;  // lives as long as the table
  std::size_t index = 0;         // in RouteTable::routes()
  Captures captures;
  unsigned nodes_visited = 0;  // what the search cost
};

struct NoRoute {
  Fault fault;        // no_route, method_not_allowed or bad_path
  std::string allow;  // of method_not_allowed: "GET, HEAD"
};

// Something in `routes:` that cannot stand.
struct RouteIssue {
  Place place;
  std::string what;
};

class RouteTable {
 public:
  struct Query {
    std::string_view host;  // of http::normalise_host; empty (HTTP/1.0) matches only routes without a host
    http::Target target;    // normalised; "*" matches no route
    std::string_view method;
    const http::Fields& fields;
    std::string_view client{};  // an address
  };

  // All issues at once: paths that are no templates, and pairs of routes of which neither is more specific.
  static Result<RouteTable, std::vector<RouteIssue>> build(std::vector<Route> routes);

  RouteTable(RouteTable&&) noexcept = default;
  RouteTable& operator=(RouteTable&&) noexcept = default;
  RouteTable(const RouteTable&) = delete;  // routes are handed out by address
  RouteTable& operator=(const RouteTable&) = delete;
  ~RouteTable() = default;

  // A path with ;parameters is matched with and without them; bad_path unless both have the same route.
  Result<RouteMatch, NoRoute> match(const Query& query) const;

  const std::vector<Route>& routes() const { return routes_; }
  bool has_route(std::string_view name) const;

 private:
  class Builder;
  class Search;

  struct Compiled {
    PathTemplate path;
    RouteCondition condition;
  };
  struct Node {
    NodeId named = kNoNode;           // the child that any segment leads to
    bool has_literals = false;        // there are edges in the index
    std::vector<std::size_t> ending;  // routes whose path ends here, the most specific first
    std::vector<std::size_t> rest;    // routes with /** here, the most specific first
  };

  RouteTable() = default;
  Result<RouteMatch, NoRoute> match_path(const Query& query, std::string_view path) const;
  std::string allowed_methods(const Query& query, std::string_view path) const;

  std::vector<Route> routes_;
  std::vector<std::string_view> names_;  // of the routes, sorted
  std::vector<Compiled> compiled_;       // one a route
  std::vector<Node> nodes_;              // the first is the root of routes for any host
  SegmentIndex edges_;                   // hosts to roots, and literal segments to nodes
  std::size_t longest_suffix_ = 0;       // of the wildcard hosts
};

}  // namespace gw::policy
