// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "config/addresses.h"
#include "config/networks.h"
#include "config/route_parts.h"
#include "config/sections.h"
#include "config/units.h"
#include "policy/host_pattern.h"
#include "policy/path_template.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"name", "text", "the path", "in logs, metrics and decisions; none twice"},
    Key{"use", "list of names", "[]",
        "of `templates` whose keys this route takes; the first that has a key wins"},
    Key{"host", "host", "any", "`api.example.com` or `*.example.com`"},
    Key{"path", "path template", "required", "literals, `{name}` for one segment, `/**` for the rest"},
    Key{"methods", "list of methods", "any", "`[GET, HEAD]`"},
    Key{"headers", "map of text", "{}", "fields that a request must have, with exactly that value"},
    Key{"query", "map of text", "{}", "parameters that a request must have once, with exactly that value"},
    Key{"client", "list of networks", "any", "where the client must be: `[10.0.0.0/8]`"},
    Key{"auth", "`required`, `optional` or `none`", "required",
        "whether a token is needed, read if there, or not read"},
    Key{"stream_auth", "`token` or `handshake`", "token",
        "a WebSocket ends with the token that opened it, or outlives it"},
    Key{"max_revocation_lag", "duration", "`store.max_revocation_lag`",
        "with a store in Redis: over it tokens are refused here with 503, whatever `on_failure` says"},
    Key{"on_failure", "`deny` or `allow`", "that of the store or the introspection",
        "a check of a token that is still good by what was known last, while whoever would know is away"},
    Key{"issuers", "list of names", "all", "whose tokens are taken; `self` is this gateway"},
    Key{"anonymous", "map", "none",
        "with `auth: optional`: the claims of a caller without a token, `{sub: guest, roles: [guest]}`"},
    Key{"require", "map", "none", "what the token must say"},
    Key{"api_keys", "true or false", "false", "takes keys of `gatewarden key issue` as Bearer tokens"},
    Key{"basic", "true or false", "false", "takes `Authorization: Basic` of the users that can log in"},
    Key{"login_page", "true or false", "true",
        "a browser without a token is sent to the login page; `false`: gets 401"},
    Key{"enforce", "true or false", "true", "`false`: decides, logs and counts, but lets pass"},
    Key{"shadow", "map", "none",
        "demands beside those of `require` that refuse nobody: what they would refuse is logged and counted"},
    Key{"upstream", "name", "none", "where requests go; a route has this or `respond`"},
    Key{"rewrite", "map", "none", "changes the path that is sent"},
    Key{"request_headers", "map", "none", "changes what the upstream receives"},
    Key{"response_headers", "map", "none", "changes what the client receives"},
    Key{"rate_limit", "map", "none", "how many requests one caller may send; over it 429"},
    Key{"cors", "map", "none", "which other sites' scripts may read the answers"},
    Key{"max_body", "size", "`limits.body`", "over it 413"},
    Key{"response_timeout", "duration", "that of the upstream", "to the response head; over it 504"},
    Key{"respond", "map", "none", "a fixed answer instead of an upstream"},
    Key{"identity", "map", "`identity`", "overrides any of it for this route"},
};

constexpr Choice<policy::Auth> kAuth[] = {
    {"required", policy::Auth::required}, {"optional", policy::Auth::optional}, {"none", policy::Auth::none}};

constexpr Choice<policy::StreamAuth> kStreamAuth[] = {{"token", policy::StreamAuth::token},
                                                      {"handshake", policy::StreamAuth::handshake}};

std::string parse_path(const NodeReader& node) {
  const auto item = node.find("path");
  if (!node.require("path") || !item) return {};
  const auto text = read_text(node.context(), *item);
  if (!text) return {};
  const auto path = policy::parse_path_template(*text);
  if (path) return *text;
  report(node.context(), *item, path.error());
  return {};
}

std::string parse_host(const NodeReader& node) {
  const auto item = node.find("host");
  if (!item) return {};
  const auto text = read_text(node.context(), *item);
  if (!text) return {};
  auto host = policy::parse_host_pattern(*text);
  if (host) return std::move(host->text);
  report(node.context(), *item, host.error());
  return {};
}

std::vector<std::string> parse_route_methods(const NodeReader& node) {
  const auto item = node.find("methods");
  if (item && item->node->kind == Kind::list && item->node->items.empty())
    report(node.context(), *item, "is empty (name a method, or remove it for any)");
  return parse_methods(node);
}

void check_issuers(const NodeReader& node, const Names& names) {
  const auto item = node.find("issuers");
  if (!item || item->node->kind != Kind::list) return;
  if (item->node->items.empty())
    report(node.context(), *item, "is empty (name an issuer, or remove it for all)");
  for (const Item& each : read_list(node.context(), *item)) {
    const std::string& text = each.node->text;
    if (each.node->kind != Kind::text || each.node->unknown || text.empty() || text == "self") continue;
    if (!names.issuers.contains(text))
      report(node.context(), each, in_quotes(text) + " is not in issuers (add it there, or write self)");
  }
}

std::vector<std::pair<std::string, std::string>> parse_query(const NodeReader& node) {
  std::vector<std::pair<std::string, std::string>> query;
  for (const NamedItem& member : node.map("query"))
    if (auto value = read_text(node.context(), member.value))
      query.emplace_back(member.name, std::move(*value));
  return query;
}

// Where the request goes: to an upstream, or nowhere.
void parse_destination(const NodeReader& node, const Names& names, policy::Route& route) {
  Context& context = node.context();
  route.upstream = node.text("upstream");
  const auto upstream = node.find("upstream");
  if (upstream && upstream->node->kind == Kind::text && !upstream->node->unknown &&
      !names.upstreams.contains(route.upstream))
    report(context, *upstream, in_quotes(route.upstream) + " is not in upstreams (add it there)");
  if (const auto respond = node.find("respond")) route.respond = parse_respond(context, *respond);
  if (upstream && route.respond) report(context, *upstream, "stands beside respond (remove one)");
  if (!node.has("upstream") && !node.has("respond") && node.is_map())
    report(context, node.item(), "goes nowhere (add upstream or respond)");
}

void parse_changes(const NodeReader& node, policy::Route& route) {
  Context& context = node.context();
  if (const auto rewrite = node.find("rewrite")) {
    route.rewrite = parse_rewrite(context, *rewrite, route.path);
    if (route.respond) report(context, *rewrite, "has no effect beside respond (remove one)");
  }
  if (const auto changes = node.find("request_headers"))
    route.request_headers = parse_header_changes(context, *changes, kRequestHeadersSection);
  if (const auto changes = node.find("response_headers"))
    route.response_headers = parse_header_changes(context, *changes, kResponseHeadersSection);
}

void parse_access(const NodeReader& node, const Names& names, policy::Route& route) {
  Context& context = node.context();
  route.auth = node.one_of("auth", kAuth, route.auth);
  route.stream_auth = node.one_of("stream_auth", kStreamAuth, route.stream_auth);
  if (node.has("max_revocation_lag"))
    route.max_revocation_lag = node.duration("max_revocation_lag", 5s, {500ms, 1h});
  if (node.has("on_failure")) route.serves_on_failure = node.one_of("on_failure", kServesOnFailure, false);
  route.issuers = node.texts("issuers");
  check_issuers(node, names);
  if (const auto require = node.find("require")) {
    route.require = parse_require(context, *require, route.path);
    if (route.auth == policy::Auth::none)
      report(context, *require, "stands beside auth: none (nobody is asked who they are; remove one)");
  }
  if (const auto anonymous = node.find("anonymous")) {
    route.anonymous = parse_anonymous(context, *anonymous);
    if (route.auth != policy::Auth::optional)
      report(context, *anonymous, "needs auth: optional (write it, or remove this)");
  }
  route.enforce = node.flag("enforce", route.enforce);
  if (const auto shadow = node.find("shadow")) {
    route.shadow = parse_shadow(context, *shadow, route.path);
    if (route.auth == policy::Auth::none)
      report(context, *shadow,
             "stands beside auth: none (nobody is asked who they are; write auth: optional)");
  }
  for (const auto& [key, flag] : {std::pair("api_keys", &route.api_keys), std::pair("basic", &route.basic)}) {
    *flag = node.flag(key, false);
    if (*flag && route.auth == policy::Auth::none)
      report(context, *node.find(key), "stands beside auth: none (nobody is asked who they are; remove one)");
  }
  route.login_page = node.flag("login_page", route.login_page);
}

}  // namespace

const Section kRouteSection{"routes[]", kKeys};

std::vector<std::string> parse_methods(const NodeReader& node) {
  const auto item = node.find("methods");
  if (!item) return {};
  Context& context = node.context();
  for (const Item& each : read_list(context, *item)) {
    const std::string& text = each.node->text;
    if (each.node->kind != Kind::text || each.node->unknown || text.empty()) continue;
    const bool has_small = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!is_field_name(text) || has_small) {
      report(context, each, in_quotes(text) + " is not a method (write GET, in capitals)");
    } else if (text == "CONNECT" || text == "TRACE") {
      report(context, each, text + " is never forwarded (remove it)");
    }
  }
  return read_texts(context, *item);
}

policy::Route parse_route(Context& context, const Item& item, const Names& names,
                          const policy::IdentityOptions& identity) {
  const NodeReader node(context, item, kRouteSection);
  policy::Route route;
  route.place = node.place();
  route.path = parse_path(node);
  route.name = node.text("name", route.path);
  if (node.has("name") && route.name.empty())
    report(context, *node.find("name"), "is empty (name it or remove it)");
  route.host = parse_host(node);
  route.methods = parse_route_methods(node);
  if (const auto headers = node.find("headers")) route.headers = read_headers(context, *headers);
  route.query = parse_query(node);
  route.clients = parse_networks(node, "client");
  if (const auto client = node.find("client");
      client && client->node->kind == Kind::list && client->node->items.empty())
    report(context, *client, "is empty (name a network, or remove it for any)");
  parse_access(node, names, route);
  parse_destination(node, names, route);
  parse_changes(node, route);
  if (const auto limit = node.find("rate_limit")) route.rate_limit = parse_rate_limit(context, *limit);
  if (const auto cors = node.find("cors")) route.cors = parse_cors(context, *cors);
  if (node.has("max_body")) route.max_body = node.size("max_body", 0, {0, 1ull << 50});
  if (node.has("response_timeout"))
    route.response_timeout = node.duration("response_timeout", 30s, {1ms, 24h});
  if (const auto own = node.find("identity")) route.identity = parse_route_identity(context, *own, identity);
  return route;
}

}  // namespace gw::config
