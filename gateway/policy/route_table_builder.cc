// SPDX-License-Identifier: Apache-2.0
// Building a RouteTable: compile every route, plant it into the tree, then compare the routes that ended up
// in the same place.
#include <algorithm>
#include <tuple>
#include <utility>

#include "policy/host_pattern.h"
#include "policy/route_table.h"
#include "policy/route_table_parts.h"

namespace gw::policy {
namespace {

std::string format_place(const Place& place) {
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string format_conflict(const Route& route, const Route& earlier) {
  return "the route \"" + route.name + "\" and the route \"" + earlier.name + "\" at " +
         format_place(earlier.place) + " could match the same request, and neither is more specific" +
         " (change the path, methods or headers of one)";
}

// The second of two conditions on one header; null when each header stands once.
const std::string* find_repeated_header(const Route& route) {
  for (auto header = route.headers.begin(); header != route.headers.end(); ++header)
    for (auto before = route.headers.begin(); before != header; ++before)
      if (http::equal_without_case(header->first, before->first)) return &header->first;
  return nullptr;
}

}  // namespace

class RouteTable::Builder {
 public:
  explicit Builder(std::vector<Route> routes) { table_.routes_ = std::move(routes); }

  Result<RouteTable, std::vector<RouteIssue>> build() {
    table_.nodes_.emplace_back();
    compile();
    // Edges point into the templates, so nothing is planted before the last of them has its final address.
    for (const std::size_t index : good_) plant(index);
    for (Node& node : table_.nodes_) {
      order(node.ending);
      order(node.rest);
    }
    if (issues_.empty()) return std::move(table_);

    std::stable_sort(issues_.begin(), issues_.end(), [](const RouteIssue& a, const RouteIssue& b) {
      return std::tie(a.place.file, a.place.line, a.place.column) <
             std::tie(b.place.file, b.place.line, b.place.column);
    });
    return std::move(issues_);
  }

 private:
  void compile() {
    for (const Route& route : table_.routes_) table_.names_.push_back(route.name);
    std::sort(table_.names_.begin(), table_.names_.end());
    table_.compiled_.reserve(table_.routes_.size());
    for (std::size_t index = 0; index < table_.routes_.size(); ++index) {
      const Route& route = table_.routes_[index];
      Result<PathTemplate, std::string> path = parse_path_template(route.path);
      if (path) {
        good_.push_back(index);
      } else {
        issues_.push_back({route.place, path.error()});
      }
      if (const std::string* name = find_repeated_header(route))
        issues_.push_back(
            {route.place, "the header \"" + *name + "\" stands twice (a value excludes others)"});
      table_.compiled_.push_back({path ? std::move(*path) : PathTemplate{}, RouteCondition(route)});
    }
  }

  void plant(std::size_t index) {
    const PathTemplate& path = table_.compiled_[index].path;
    NodeId at = root_of(table_.routes_[index].host);
    for (const Segment& segment : path.segments)
      at = segment.is_name ? named_child(at) : child(at, segment.text);
    Node& node = table_.nodes_[at];
    (path.has_rest ? node.rest : node.ending).push_back(index);
  }

  NodeId root_of(std::string_view host) {
    if (host.empty()) return kAnyHost;
    if (host.substr(0, kWildcardPrefix.size()) != kWildcardPrefix) return edge(kExactHosts, host);
    const std::string_view suffix = host.substr(kWildcardPrefix.size());
    table_.longest_suffix_ = std::max(table_.longest_suffix_, suffix.size());
    return edge(kWildcardHosts, suffix);
  }

  NodeId child(NodeId parent, std::string_view text) {
    table_.nodes_[parent].has_literals = true;
    return edge(parent, text);
  }

  NodeId named_child(NodeId parent) {
    if (table_.nodes_[parent].named == kNoNode) {
      const NodeId added = add_node();
      table_.nodes_[parent].named = added;
    }
    return table_.nodes_[parent].named;
  }

  NodeId edge(NodeId parent, std::string_view text) {
    const NodeId there = table_.edges_.find(parent, text);
    if (there != kNoNode) return there;
    const NodeId added = add_node();
    table_.edges_.insert(parent, text, added);
    return added;
  }

  NodeId add_node() {
    table_.nodes_.emplace_back();
    return static_cast<NodeId>(table_.nodes_.size() - 1);
  }

  const RouteCondition& condition(std::size_t index) const { return table_.compiled_[index].condition; }

  // The most specific first; each route that ties with an earlier one is an issue, once.
  void order(std::vector<std::size_t>& routes) {
    for (auto later = routes.begin(); later != routes.end(); ++later) {
      const auto tie = std::find_if(routes.begin(), later, [&](std::size_t earlier) {
        return condition(earlier).ties_with(condition(*later));
      });
      if (tie == later) continue;
      const Route& route = table_.routes_[*later];
      issues_.push_back({route.place, format_conflict(route, table_.routes_[*tie])});
    }
    std::stable_sort(routes.begin(), routes.end(),
                     [&](std::size_t a, std::size_t b) { return condition(a).comes_before(condition(b)); });
  }

  RouteTable table_;
  std::vector<std::size_t> good_;  // whose path is a template
  std::vector<RouteIssue> issues_;
};

Result<RouteTable, std::vector<RouteIssue>> RouteTable::build(std::vector<Route> routes) {
  return Builder(std::move(routes)).build();
}

}  // namespace gw::policy
