// SPDX-License-Identifier: Apache-2.0
#include "policy/route_table.h"

#include <algorithm>
#include <utility>

#include "policy/route_table_parts.h"

namespace gw::policy {

// Walks all routes whose host and path match, the most specific first.
class RouteTable::Search {
 public:
  // REQUIRES: path begins with '/'.
  Search(const RouteTable& table, std::string_view host, std::string_view path)
      : table_(table), host_(host), path_(path) {}

  // Stops when `accept`, called with the index of a route, returns true.
  template <class Accept>
  bool run(const Accept& accept) {
    if (!host_.empty()) {
      if (below_host(kExactHosts, host_, accept)) return true;
      for (std::size_t dot = host_.find('.', 1); dot != host_.npos; dot = host_.find('.', dot + 1)) {
        const std::string_view suffix = host_.substr(dot + 1);
        if (suffix.size() > table_.longest_suffix_) continue;
        if (below_host(kWildcardHosts, suffix, accept)) return true;
      }
    }
    return visit(kAnyHost, 0, accept);
  }

  const std::array<std::string_view, kMaxTemplateNames>& values() const { return values_; }
  unsigned visited() const { return visited_; }

 private:
  template <class Accept>
  bool below_host(NodeId kind, std::string_view host, const Accept& accept) {
    const NodeId root = table_.edges_.find(kind, host);
    return root != kNoNode && visit(root, 0, accept);
  }

  // `at` is the slash before the next segment, or the end of the path. Every node has one way to it, so a
  // search never sees a node twice; it goes no deeper than kMaxTemplateSegments.
  template <class Accept>
  bool visit(NodeId id, std::size_t at, const Accept& accept) {
    ++visited_;
    const Node& node = table_.nodes_[id];
    if (at == path_.size()) return any_of(node.ending, accept) || any_of(node.rest, accept);

    const std::size_t end = std::min(path_.find('/', at + 1), path_.size());
    const std::string_view segment = path_.substr(at + 1, end - at - 1);
    if (node.has_literals) {
      const NodeId child = table_.edges_.find(id, segment);
      if (child != kNoNode && visit(child, end, accept)) return true;
    }
    if (node.named != kNoNode && !segment.empty()) {
      values_[names_++] = segment;
      if (visit(node.named, end, accept)) return true;
      --names_;
    }
    return any_of(node.rest, accept);
  }

  template <class Accept>
  static bool any_of(const std::vector<std::size_t>& routes, const Accept& accept) {
    return std::any_of(routes.begin(), routes.end(), accept);
  }

  const RouteTable& table_;
  const std::string_view host_;
  const std::string_view path_;
  std::array<std::string_view, kMaxTemplateNames> values_;
  std::size_t names_ = 0;
  unsigned visited_ = 0;
};

std::optional<std::string_view> Captures::find(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i)
    if ((*names_)[i] == name) return values_[i];
  return std::nullopt;
}

Result<RouteMatch, NoRoute> RouteTable::match(const Query& query) const {
  Result<RouteMatch, NoRoute> as_sent = match_path(query, query.target.path);
  if (!query.target.has_parameters) return as_sent;

  // Some servers take ;parameters out before they look at a path: what they then see must be the same route.
  std::string scratch;
  const std::string_view bare = http::without_parameters(query.target.path, scratch);
  const Result<RouteMatch, NoRoute> stripped = match_path(query, bare);
  const Route* const stripped_route = stripped ? stripped->route : nullptr;
  const Route* const sent_route = as_sent ? as_sent->route : nullptr;
  if (stripped_route != sent_route) return NoRoute{Fault::bad_path, {}};
  return as_sent;
}

Result<RouteMatch, NoRoute> RouteTable::match_path(const Query& query, std::string_view path) const {
  if (path.empty() || path.front() != '/') return NoRoute{Fault::no_route, {}};

  std::size_t found = 0;
  Search search(*this, query.host, path);
  const bool matched = search.run([&](std::size_t index) {
    found = index;
    const RouteCondition& condition = compiled_[index].condition;
    return condition.allows_method(query.method) &&
           condition.holds(query.fields, query.target.query, query.client);
  });
  if (!matched) {
    std::string allow = allowed_methods(query, path);
    const Fault fault = allow.empty() ? Fault::no_route : Fault::method_not_allowed;
    return NoRoute{fault, std::move(allow)};
  }

  RouteMatch match;
  match.route = &routes_[found];
  match.index = found;
  match.captures.names_ = &compiled_[found].path.names;
  match.captures.values_ = search.values();
  match.nodes_visited = search.visited();
  return match;
}

std::string RouteTable::allowed_methods(const Query& query, std::string_view path) const {
  std::vector<std::string_view> methods;
  Search(*this, query.host, path).run([&](std::size_t index) {
    const RouteCondition& condition = compiled_[index].condition;
    if (condition.holds(query.fields, query.target.query, query.client))
      methods.insert(methods.end(), condition.methods().begin(), condition.methods().end());
    return false;
  });
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());

  std::string list;
  for (const std::string_view method : methods) list.append(list.empty() ? "" : ", ").append(method);
  return list;
}

bool RouteTable::has_route(std::string_view name) const {
  return std::binary_search(names_.begin(), names_.end(), name);
}

}  // namespace gw::policy
