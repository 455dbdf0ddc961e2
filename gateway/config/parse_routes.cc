// SPDX-License-Identifier: Apache-2.0
// What concerns routes together: names, spellings of hosts, and two that could match the same request.
#include <unordered_map>

#include "config/addresses.h"
#include "config/route_inheritance.h"
#include "config/sections.h"
#include "config/units.h"
#include "policy/route_table.h"

namespace gw::config {
namespace {

const Node* find_text(const Item& route, std::string_view key) {
  for (const Entry& entry : route.node->entries)
    if (entry.key == key && entry.value->kind == Kind::text && !entry.value->unknown) return entry.value;
  return nullptr;
}

struct Written {
  std::string text;
  int line = 0;
};

// A name is the label of a route in logs and metrics; the default, its path, may be shared.
void check_names(Context& context, const std::vector<Item>& items) {
  std::unordered_map<std::string, int> lines;
  for (const Item& item : items) {
    const Node* name = find_text(item, "name");
    if (name == nullptr || name->text.empty()) continue;
    const auto [before, is_new] = lines.emplace(name->text, name->line);
    if (!is_new)
      report(context, {name, item.path + ".name"},
             in_quotes(name->text) + " is the name of another route (see line " +
                 std::to_string(before->second) + ")");
  }
}

// Hosts are compared without case: two spellings of one are a mistake in one of them.
void check_hosts(Context& context, const std::vector<Item>& items) {
  std::unordered_map<std::string, Written> spellings;
  for (const Item& item : items) {
    const Node* host = find_text(item, "host");
    if (host == nullptr) continue;
    const auto [before, is_new] = spellings.emplace(lower_case(host->text), Written{host->text, host->line});
    if (!is_new && before->second.text != host->text)
      report(context, {host, item.path + ".host"},
             in_quotes(host->text) + " differs only in case from " + in_quotes(before->second.text) +
                 " (see line " + std::to_string(before->second.line) + "; write it the same way)");
  }
}

// Only of routes without errors of their own, which have been reported at a better place.
void check_conflicts(Context& context, std::vector<policy::Route> good) {
  const auto table = policy::RouteTable::build(std::move(good));
  if (table) return;
  for (const policy::RouteIssue& issue : table.error()) context.issues.error(issue.place, issue.what);
}

}  // namespace

std::vector<policy::Route> parse_routes(Context& context, const Item& item, const Names& names,
                                        const policy::IdentityOptions& identity,
                                        const SharedByRoutes& shared) {
  const RouteInheritance inheritance(context, shared);
  std::vector<policy::Route> routes;
  std::vector<policy::Route> good;
  const std::vector<Item> items = read_list(context, item);
  for (const Item& each : items) {
    const std::size_t before = context.issues.list().size();
    routes.push_back(parse_route(context, inheritance.complete(each), names, identity));
    if (context.issues.list().size() == before) good.push_back(routes.back());
  }
  check_names(context, items);
  check_hosts(context, items);
  check_conflicts(context, std::move(good));
  if (item.node->kind == Kind::list && items.empty()) report(context, item, "is empty (add a route)");
  return routes;
}

}  // namespace gw::config
