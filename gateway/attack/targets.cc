// SPDX-License-Identifier: Apache-2.0
#include "attack/targets.h"

#include <algorithm>

#include "http/path.h"
#include "net/address.h"
#include "policy/path_template.h"

namespace gw::attack {
namespace {

constexpr std::string_view kClient = "127.0.0.1";

std::string path_of(const policy::Route& route) {
  const auto path = policy::parse_path_template(route.path);
  if (!path) return {};
  std::string text;
  for (const policy::Segment& segment : path->segments)
    text += '/' + (segment.is_name ? std::string("gw1") : segment.text);
  if (path->has_rest) text += "/gw-below";
  return text.empty() ? "/" : text;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_plain)
      out += c;
    else
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

std::string query_of(const policy::Route& route) {
  std::string query;
  for (const auto& [name, value] : route.query)
    query += (query.empty() ? "?" : "&") + escaped(name) + '=' + escaped(value);
  return query;
}

std::string method_of(const policy::Route& route) {
  const bool takes_get = route.methods.empty() ||
                         std::find(route.methods.begin(), route.methods.end(), "GET") != route.methods.end();
  return takes_get ? "GET" : route.methods.front();
}

const policy::Route* match(const policy::RouteTable& table, const Target& target, std::string_view path) {
  std::string scratch, host_scratch;
  const auto normal = http::normalise_target(path, scratch);
  if (!normal) return nullptr;
  http::Fields fields;
  for (const auto& [name, value] : target.headers) fields.add(name, value);
  const auto found =
      table.match({http::normalise_host(target.host, host_scratch), *normal, target.method, fields, kClient});
  return found ? found->route : nullptr;
}

// Paths of two segments or more give most attacks something to hold on to, and an upstream tells what came.
int score(const Target& target) {
  const auto slashes = std::count(target.path.begin(), target.path.end(), '/');
  return (target.route->respond ? 0 : 4) + (target.method == "GET" ? 2 : 0) + (slashes > 1 ? 1 : 0);
}

}  // namespace

bool is_open(const policy::Route& route) {
  return route.auth == policy::Auth::none ||
         (route.auth == policy::Auth::optional && !route.require.asks_for_a_token() &&
          !route.require.client_certificate);
}

bool is_guarded(const policy::Route& route) {
  return route.enforce && !route.anonymous && !is_open(route);
}

bool has_demands(const policy::Route& route) {
  const policy::Requirement& require = route.require;
  return !require.scopes.empty() || !require.roles.empty() || !require.claims.empty();
}

std::optional<Target> find_target(const policy::RouteTable& table, const policy::Route& route,
                                  const std::string& default_host) {
  Target target{&route,          route.host,    path_of(route), method_of(route),
                query_of(route), route.headers, is_open(route)};
  if (target.host.starts_with("*.")) target.host.replace(0, 1, "gw");
  if (target.host.empty()) target.host = default_host;
  const policy::Route* found = match(table, target, target.path + target.query);
  if (found == nullptr || found->place.line != route.place.line || found->name != route.name)
    return std::nullopt;
  target.route = found;
  return target;
}

Targets find_targets(const policy::RouteTable& table, const std::string& default_host) {
  Targets targets;
  for (const policy::Route& route : table.routes()) {
    auto target = find_target(table, route, default_host);
    if (!target) continue;
    if (is_guarded(route))
      targets.guarded.push_back(std::move(*target));
    else if (target->is_open)
      targets.open.push_back(std::move(*target));
  }
  for (std::vector<Target>* list : {&targets.guarded, &targets.open}) {
    const auto best = std::max_element(list->begin(), list->end(),
                                       [](const Target& a, const Target& b) { return score(a) < score(b); });
    if (best != list->end()) std::iter_swap(list->begin(), best);
  }
  return targets;
}

bool is_taken_by_open_route(const policy::RouteTable& table, const Target& target, std::string_view path) {
  const policy::Route* found = match(table, target, path);
  return found != nullptr && !is_guarded(*found);
}

}  // namespace gw::attack
