// SPDX-License-Identifier: Apache-2.0
#include "config/route_inheritance.h"

#include <algorithm>
#include <array>

#include "config/units.h"

namespace gw::config {
namespace {

// Of one route alone.
constexpr std::array<std::string_view, 3> kOwn{"name", "path", "use"};

bool is_own(std::string_view key) {
  return std::find(kOwn.begin(), kOwn.end(), key) != kOwn.end();
}

const Node* find_value(const Node& map, std::string_view key) {
  for (const Entry& entry : map.entries)
    if (entry.key == key) return entry.value;
  return nullptr;
}

bool is_known(std::string_view key) {
  return std::any_of(kRouteSection.keys.begin(), kRouteSection.keys.end(),
                     [&](const Key& known) { return known.name == key; });
}

// What an open route, or one that goes elsewhere, has no use for: it would be an error if it were written
// there.
bool is_pointless(const Node& route, std::string_view key) {
  const Node* const auth = find_value(route, "auth");
  const bool is_open = auth != nullptr && auth->kind == Kind::text && auth->text == "none";
  if (is_open && (key == "require" || key == "issuers" || key == "anonymous" || key == "shadow")) return true;
  if (key == "respond" && find_value(route, "upstream") != nullptr) return true;
  return (key == "upstream" || key == "rewrite") && find_value(route, "respond") != nullptr;
}

// `made` owns new nodes; `node` is one of them.
void add_missing(std::deque<Node>& made, Node& node, const Node& inherited, bool is_route) {
  for (const Entry& entry : inherited.entries) {
    if (is_route && (is_own(entry.key) || !is_known(entry.key) || is_pointless(node, entry.key))) continue;
    const auto mine = std::find_if(node.entries.begin(), node.entries.end(),
                                   [&](const Entry& each) { return each.key == entry.key; });
    if (mine == node.entries.end()) {
      node.entries.push_back(entry);
    } else if (mine->value->kind == Kind::map && entry.value->kind == Kind::map) {
      Node& completed = made.emplace_back(*mine->value);
      add_missing(made, completed, *entry.value, false);
      mine->value = &completed;
    }
  }
}

}  // namespace

RouteInheritance::RouteInheritance(Context& context, const SharedByRoutes& shared)
    : context_(context), shared_(shared) {
  if (shared.defaults) check_keys(*shared.defaults);
  if (!shared.templates) return;
  for (const NamedItem& each : read_map(context, *shared.templates)) check_keys(each.value);
}

void RouteInheritance::check_keys(const Item& item) const {
  const NodeReader reader(context_, item, kRouteSection);
  for (const std::string_view key : kOwn)
    if (reader.is_map() && reader.has(key))
      report(context_, *reader.find(key), "belongs to one route alone (move it there)");
}

const Node* RouteInheritance::find_template(const std::string& name) const {
  return shared_.templates ? find_value(*shared_.templates->node, name) : nullptr;
}

Item RouteInheritance::complete(const Item& route) const {
  const Node* const use = find_value(*route.node, "use");
  if (route.node->kind != Kind::map || (use == nullptr && !shared_.defaults)) return route;
  Node& completed = context_.made.emplace_back(*route.node);
  if (use != nullptr)
    for (const Item& each : read_list(context_, {use, route.path + ".use"})) {
      const auto name = read_text(context_, each);
      const Node* const found = name ? find_template(*name) : nullptr;
      if (found != nullptr)
        add_missing(context_.made, completed, *found, true);
      else if (name)
        report(context_, each, in_quotes(*name) + " is not in templates (add it there)");
    }
  if (shared_.defaults) add_missing(context_.made, completed, *shared_.defaults->node, true);
  return {&completed, route.path};
}

}  // namespace gw::config
