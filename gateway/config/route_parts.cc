// SPDX-License-Identifier: Apache-2.0
#include "config/route_parts.h"

#include <algorithm>
#include <array>
#include <memory>

#include "config/addresses.h"
#include "config/reserved_headers.h"
#include "config/scalars.h"
#include "config/units.h"
#include "http/field.h"
#include "policy/path_template.h"
#include "policy/when.h"

namespace gw::config {
namespace {

constexpr std::array kRequireKeys{
    Key{"scopes", "list of text", "[]", "all of them"},
    Key{"scope_strategy", "`exact` or `hierarchic`", "exact",
        "`hierarchic`: the scope `orders` is as good as `orders:read`, `orders.read` and `orders/read`"},
    Key{"roles", "list of text", "[]", "any of them"},
    Key{"claims", "map", "{}", "all equal; a claim that is a list must contain the value"},
    Key{"when", "expression", "none", "must hold; [policy.md](policy.md) says what it may ask"},
    Key{"client_certificate", "`true` or map", "none",
        "a certificate of the client that the listener's `client_ca` verifies; a map says whose"},
    Key{"bound", "list of `dpop`, `mtls`", "[]",
        "the token is bound, in any of these ways: to a key, whose proof comes with it (RFC 9449), or to the "
        "client certificate of the connection (RFC 8705)"},
};
constexpr std::array kShadowKeys{
    Key{"scopes", "list of text", "[]", "all of them"},
    Key{"scope_strategy", "`exact` or `hierarchic`", "exact", "as of `require`"},
    Key{"roles", "list of text", "[]", "any of them"},
    Key{"claims", "map", "{}", "all equal"},
    Key{"when", "expression", "none", "must hold"},
};
constexpr std::array kCertificateKeys{
    Key{"subject", "list of text", "any", "any of them, as RFC 4514 writes it: `\"CN=orders,O=Example\"`"},
    Key{"san", "list of text", "any",
        "any of them: `DNS:a.example.com`, `URI:spiffe://…`, `email:…`, `IP:…`"},
};
constexpr std::array kRewriteKeys{
    Key{"strip_prefix", "path", "none", "taken from the beginning of the path, at a segment boundary"},
    Key{"add_prefix", "path", "none", "then put before it"},
};
constexpr std::array kHeaderChangeKeys{
    Key{"set", "map of text", "{}", "instead of what is there"},
    Key{"add", "map of text", "{}", "beside what is there"},
    Key{"remove", "list of names", "[]", "taken out"},
};
constexpr std::array kRespondKeys{
    Key{"status", "number", "200", "200 to 599"},
    Key{"body", "text", "\"\"", "sent as text/plain"},
};

bool is_scope(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; });  // RFC 6749 3.3
}

std::vector<policy::ClaimRule> parse_claims(Context& context, const Item& item) {
  std::vector<policy::ClaimRule> rules;
  for (const NamedItem& member : read_map(context, item)) {
    if (!is_claim_path(member.name)) {
      context.issues.error(member.place, item.path + ": " + in_quotes(member.name) +
                                             " is not the name of a claim (write tenant or outer.inner)");
    } else if (member.value.node->kind != Kind::text) {
      report_kind(context, member.value, "text, a number, true or false");
    } else {
      rules.push_back({member.name, scalar_of(*member.value.node)});
    }
  }
  return rules;
}

std::shared_ptr<const policy::When> parse_when(Context& context, const Item& item, const std::string& path) {
  const auto text = read_text(context, item);
  if (!text || item.node->unknown) return nullptr;
  const auto route_path = policy::parse_path_template(path);
  const std::vector<std::string> names = route_path ? route_path->names : std::vector<std::string>();
  auto when = policy::When::parse(*text, names);
  if (when) return std::move(*when);
  if (!route_path && !path.empty()) return nullptr;  // reported already, and its names are not known
  const policy::WhenProblem& problem = when.error();
  if (const auto place = place_within(context, item, problem.offset)) {
    context.issues.error(*place, item.path + ": " + problem.what);
  } else {
    report(context, item,
           "line " + std::to_string(problem.line) + ", column " + std::to_string(problem.column) +
               " of the expression: " + problem.what);
  }
  return nullptr;
}

void check_names(const NodeReader& node) {
  for (const Item& each : node.list("san")) {
    const std::string& text = each.node->text;
    if (each.node->kind != Kind::text || each.node->unknown) continue;
    const std::size_t colon = text.find(':');
    const std::string_view kind = std::string_view(text).substr(0, colon);
    const bool known = kind == "DNS" || kind == "URI" || kind == "email" || kind == "IP";
    if (!known || colon == std::string::npos || colon + 1 == text.size())
      report(node.context(), each,
             in_quotes(text) + " is no alternative name (write DNS:, URI:, email: or IP: before it)");
  }
}

std::optional<policy::CertificateRule> parse_certificate_rule(Context& context, const Item& item) {
  if (item.node->kind != Kind::map) {
    const auto wanted = read_flag(context, item);
    return wanted && *wanted ? std::optional(policy::CertificateRule{}) : std::nullopt;
  }
  const NodeReader node(context, item, kRequireCertificateSection);
  policy::CertificateRule rule;
  rule.subjects = node.texts("subject");
  rule.names = node.texts("san");
  check_names(node);
  return rule;
}

// True when a path of the route can begin with the prefix.
bool can_begin_with(const policy::PathTemplate& path, const policy::PathTemplate& prefix) {
  for (std::size_t i = 0; i < prefix.segments.size(); ++i) {
    if (i >= path.segments.size()) return path.has_rest;
    if (!path.segments[i].is_name && path.segments[i].text != prefix.segments[i].text) return false;
  }
  return true;
}

std::string parse_prefix(const NodeReader& node, std::string_view key) {
  std::string prefix = node.text(key);
  if (prefix.empty() || is_path_prefix(prefix)) return prefix;
  report(node.context(), *node.find(key),
         in_quotes(prefix) + " is no prefix of paths (write /v1, without a / at its end)");
  return {};
}

bool is_allowed(Context& context, const std::string& path, const std::string& name, const Place& place) {
  const auto why = find_reserved(name);
  if (why) context.issues.error(place, path + ": " + *why);
  return !why;
}

std::vector<std::pair<std::string, std::string>> read_changes(const NodeReader& node, std::string_view key) {
  const auto item = node.find(key);
  if (!item) return {};
  for (const NamedItem& member : read_map(node.context(), *item))
    if (is_field_name(member.name)) is_allowed(node.context(), item->path, member.name, member.place);
  return read_headers(node.context(), *item);
}

std::vector<std::string> read_removed(const NodeReader& node) {
  std::vector<std::string> names;
  for (const Item& each : node.list("remove")) {
    const auto name = read_text(node.context(), each);
    if (name && is_allowed(node.context(), each.path, *name, node.context().place_of(*each.node)))
      names.push_back(*name);
  }
  return names;
}

}  // namespace

const Section kRequireSection{"routes[].require", kRequireKeys};
const Section kShadowSection{"routes[].shadow", kShadowKeys};
const Section kRequireCertificateSection{"routes[].require.client_certificate", kCertificateKeys};
const Section kRewriteSection{"routes[].rewrite", kRewriteKeys};
const Section kRequestHeadersSection{"routes[].request_headers", kHeaderChangeKeys};
const Section kResponseHeadersSection{"routes[].response_headers", kHeaderChangeKeys};
const Section kRespondSection{"routes[].respond", kRespondKeys};

std::vector<policy::Binding> parse_bound(const NodeReader& node) {
  std::vector<policy::Binding> bound;
  for (const std::string& text : node.texts("bound")) {
    if (text == "dpop")
      bound.push_back(policy::Binding::dpop);
    else if (text == "mtls")
      bound.push_back(policy::Binding::mtls);
    else
      report(node.context(), *node.find("bound"),
             in_quotes(text) + " is no way to bind a token (write dpop or mtls)");
  }
  return bound;
}

namespace {

// What `require` and `shadow` have in common.
policy::Requirement parse_demands(const NodeReader& node, const std::string& path) {
  Context& context = node.context();
  policy::Requirement require;
  require.scopes = node.texts("scopes");
  for (const std::string& scope : require.scopes)
    if (!is_scope(scope))
      report(context, *node.find("scopes"),
             in_quotes(scope) + " is not one scope (each stands alone in the list)");
  constexpr Choice<bool> kStrategies[] = {{"exact", false}, {"hierarchic", true}};
  require.hierarchic_scopes = node.one_of("scope_strategy", kStrategies, false);
  require.roles = node.texts("roles");
  if (const auto claims = node.find("claims")) require.claims = parse_claims(context, *claims);
  if (const auto when = node.find("when")) require.when = parse_when(context, *when, path);
  return require;
}

}  // namespace

policy::Requirement parse_require(Context& context, const Item& item, const std::string& path) {
  const NodeReader node(context, item, kRequireSection);
  policy::Requirement require = parse_demands(node, path);
  require.bound = parse_bound(node);
  if (const auto certificate = node.find("client_certificate"))
    require.client_certificate = parse_certificate_rule(context, *certificate);
  return require;
}

policy::Requirement parse_shadow(Context& context, const Item& item, const std::string& path) {
  const NodeReader node(context, item, kShadowSection);
  policy::Requirement shadow = parse_demands(node, path);
  const bool is_written = item.node->kind == Kind::map;
  if (is_written && !shadow.asks_for_a_token() && item.node->entries.empty())
    report(context, item, "demands nothing (write scopes, roles, claims or when, or remove it)");
  return shadow;
}

json::Value parse_anonymous(Context& context, const Item& item) {
  json::Value claims;
  for (const NamedItem& member : read_map(context, item)) {
    if (!is_claim_path(member.name)) {
      context.issues.error(member.place, item.path + ": " + in_quotes(member.name) +
                                             " is not the name of a claim (write sub or roles)");
    } else if (member.value.node->kind == Kind::list) {
      json::Array list;
      for (std::string& text : read_texts(context, member.value)) list.emplace_back(std::move(text));
      claims.set(member.name, std::move(list));
    } else if (member.value.node->kind == Kind::text) {
      claims.set(member.name, scalar_of(*member.value.node));
    } else {
      report_kind(context, member.value, "text, a number, true, false or a list of text");
    }
  }
  const json::Value* subject = claims.find("sub");
  const bool has_subject =
      subject != nullptr && subject->as_string() != nullptr && !subject->as_string()->empty();
  if (item.node->kind == Kind::map && !has_subject)
    report(context, item, "has no sub (write the name of the caller: sub: guest)");
  return claims;
}

policy::Rewrite parse_rewrite(Context& context, const Item& item, const std::string& path) {
  const NodeReader node(context, item, kRewriteSection);
  policy::Rewrite rewrite;
  rewrite.strip_prefix = parse_prefix(node, "strip_prefix");
  rewrite.add_prefix = parse_prefix(node, "add_prefix");
  if (rewrite.strip_prefix.empty() || path.empty()) return rewrite;
  const auto whole = policy::parse_path_template(path);
  const auto prefix = policy::parse_path_template(rewrite.strip_prefix);
  if (whole && prefix && !can_begin_with(*whole, *prefix))
    report(
        context, *node.find("strip_prefix"),
        in_quotes(rewrite.strip_prefix) + " begins no path of " + in_quotes(path) + " (correct one of them)");
  return rewrite;
}

policy::HeaderChanges parse_header_changes(Context& context, const Item& item, const Section& section) {
  const NodeReader node(context, item, section);
  policy::HeaderChanges changes;
  changes.set = read_changes(node, "set");
  changes.add = read_changes(node, "add");
  changes.remove = read_removed(node);
  return changes;
}

policy::FixedResponse parse_respond(Context& context, const Item& item) {
  const NodeReader node(context, item, kRespondSection);
  policy::FixedResponse response;
  response.status = node.number("status", response.status, {200, 599});
  response.body = node.text("body");
  const bool has_no_body = response.status == 204 || response.status == 304;
  if (has_no_body && !response.body.empty())
    report(context, *node.find("body"), "a " + std::to_string(response.status) + " has no body (remove it)");
  return response;
}

std::vector<std::pair<std::string, std::string>> read_headers(Context& context, const Item& item) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const NamedItem& member : read_map(context, item)) {
    auto value = read_text(context, member.value);
    if (!is_field_name(member.name)) {
      context.issues.error(member.place, item.path + ": " + in_quotes(member.name) +
                                             " is not a header name (letters, digits and -)");
    } else if (value && !is_field_value(*value)) {
      report(context, member.value, "is not a header value (no control characters, no blanks around it)");
    } else if (value) {
      headers.emplace_back(member.name, std::move(*value));
    }
  }
  return headers;
}

}  // namespace gw::config
