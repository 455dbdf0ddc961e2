// SPDX-License-Identifier: Apache-2.0
#include "config/origins.h"

#include <algorithm>
#include <optional>

#include "config/addresses.h"
#include "config/units.h"
#include "http/path.h"

namespace gw::config {
namespace {

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
  });
}

// What is wrong with it, and what to do.
std::optional<std::string> find_fault(std::string_view origin) {
  const std::string quoted = in_quotes(origin);
  if (origin == "null") return "null is what any sandboxed page sends (name a site)";
  if (origin.find('*') != std::string_view::npos) return quoted + " has a * (name each site)";
  const std::size_t end = origin.find("://");
  if (end == std::string_view::npos || !is_scheme(origin.substr(0, end)))
    return quoted + " is not an origin (write https://app.example.com)";
  const std::string_view scheme = origin.substr(0, end);
  const std::string_view rest = origin.substr(end + 3);
  if (rest.find_first_of("/?#@") != std::string_view::npos)
    return quoted + " has more than scheme, host and port (remove it, a slash too)";
  if (lower_case(rest) != rest) return quoted + " has capitals (browsers send " + lower_case(origin) + ")";
  std::string scratch;
  if (http::normalise_host(rest, scratch).empty()) return quoted + " has no host (write https://HOST)";
  if ((scheme == "https" && rest.ends_with(":443")) || (scheme == "http" && rest.ends_with(":80")))
    return quoted + " names the port that the scheme has anyway (remove it: browsers do not send it)";
  return std::nullopt;
}

}  // namespace

std::vector<std::string> parse_origins(const NodeReader& node, std::string_view key, AnyOrigin any) {
  const auto item = node.find(key);
  if (!item) return {};
  Context& context = node.context();
  const std::vector<Item> items = read_list(context, *item);
  for (const Item& each : items) {
    const std::string& text = each.node->text;
    if (each.node->kind != Kind::text || each.node->unknown || text.empty()) continue;
    if (text == "*" && any == AnyOrigin::allowed) {
      if (items.size() > 1) report(context, each, "\"*\" stands beside others (write it alone, or not)");
    } else if (const auto fault = find_fault(text)) {
      report(context, each, *fault);
    }
  }
  return read_texts(context, *item);
}

}  // namespace gw::config
