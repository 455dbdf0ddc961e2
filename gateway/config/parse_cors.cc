// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "config/addresses.h"
#include "config/origins.h"
#include "config/route_parts.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"origins", "list of origins", "required",
        "`https://app.example.com`, as browsers send them; or only `*`"},
    Key{"methods", "list of methods", "those of the route, else GET, HEAD and POST",
        "that scripts may use, as the answer to a preflight says"},
    Key{"headers", "list of names", "[]", "that scripts may send beside the harmless ones"},
    Key{"expose", "list of names", "[]", "that scripts may read beside the harmless ones"},
    Key{"credentials", "true or false", "false", "whether cookies may come along; not with `*`"},
    Key{"max_age", "duration", "the browser's own", "how long a preflight's answer is kept"},
};

std::vector<std::string> read_names(const NodeReader& node, std::string_view key) {
  const auto item = node.find(key);
  if (!item) return {};
  for (const Item& each : read_list(node.context(), *item)) {
    const std::string& text = each.node->text;
    if (each.node->kind != Kind::text || each.node->unknown || text.empty()) continue;
    // A * does not cover Authorization, and means a header of that name as soon as credentials come along.
    if (text == "*" || !is_field_name(text))
      report(node.context(), each,
             in_quotes(text) + " is not a header name (name each: letters, digits and -)");
  }
  return read_texts(node.context(), *item);
}

}  // namespace

const Section kCorsSection{"routes[].cors", kKeys};

policy::CorsOptions parse_cors(Context& context, const Item& item) {
  const NodeReader node(context, item, kCorsSection);
  policy::CorsOptions cors;
  if (node.is_map()) node.require("origins");
  cors.origins = parse_origins(node, "origins", AnyOrigin::allowed);
  const auto origins = node.find("origins");
  if (origins && origins->node->kind == Kind::list && origins->node->items.empty())
    report(context, *origins, "is empty (name a site, or remove cors)");
  cors.methods = parse_methods(node);
  cors.headers = read_names(node, "headers");
  cors.expose = read_names(node, "expose");
  cors.credentials = node.flag("credentials", cors.credentials);
  const bool is_any = std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end();
  if (cors.credentials && is_any)
    report(context, *node.find("credentials"),
           "stands beside the origin * (any site could act with a user's cookies: name the sites)");
  if (node.has("max_age")) cors.max_age = node.duration("max_age", 0ms, {0ms, 24h});
  return cors;
}

}  // namespace gw::config
