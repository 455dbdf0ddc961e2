// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/addresses.h"
#include "config/reserved_headers.h"
#include "config/sections.h"
#include "config/units.h"
#include "http/field.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"headers", "map of text",
        "{X-Auth-Subject: sub, X-Auth-Email: email, X-Auth-Name: name, X-Auth-Roles: roles, X-Auth-Scope: "
        "scope, X-Auth-Issuer: iss}",
        "a header, and the claim that upstreams are told in it; removed from every client request first"},
    Key{"forward_token", "true or false", "false", "whether the client's `Authorization` goes further"},
    Key{"assertion", "map or false", "none", "a short JWT, signed by the gateway, for upstreams that verify"},
};
constexpr std::array kAssertionKeys{
    Key{"header", "name of a header", "required",
        "where it is sent; removed from every client request first"},
    Key{"ttl", "duration", "60s", "its life, 2s to 10m"},
};
constexpr std::array kRouteKeys{
    Key{"headers", "map of text", "as `identity.headers`", "instead of those of `identity`"},
    Key{"forward_token", "true or false", "as `identity.forward_token`", "instead of that of `identity`"},
    Key{"assertion", "map or false", "as `identity.assertion`", "instead of that of `identity`"},
};

// Names that fold together are one header to some servers: X-Auth-Name and X_Auth_Name.
bool is_taken(const std::vector<policy::IdentityHeader>& headers, std::string_view name) {
  for (const policy::IdentityHeader& header : headers)
    if (http::folds_equal(header.header, name)) return true;
  return false;
}

std::vector<policy::IdentityHeader> parse_headers(Context& context, const Item& item) {
  std::vector<policy::IdentityHeader> headers;
  for (const NamedItem& member : read_map(context, item)) {
    auto claim = read_text(context, member.value);
    if (auto why = find_reserved(member.name)) {
      context.issues.error(member.place, item.path + ": " + *why);
    } else if (is_taken(headers, member.name)) {
      context.issues.error(member.place,
                           item.path + ": " + in_quotes(member.name) +
                               " is the same header as one before, for some servers (remove one)");
    } else if (claim && !is_claim_path(*claim)) {
      report(context, member.value, in_quotes(*claim) + " is not the name of a claim (write sub or email)");
    } else if (claim) {
      headers.push_back({member.name, std::move(*claim)});
    }
  }
  return headers;
}

std::optional<policy::AssertionOptions> parse_assertion(Context& context, const Item& item,
                                                        const policy::IdentityOptions& identity) {
  if (item.node->kind == Kind::text) {
    if (read_flag(context, item).value_or(false))
      report(context, item, "says neither header nor ttl (write {header: X-Auth-Assertion, ttl: 60s})");
    return std::nullopt;
  }
  const NodeReader node(context, item, kAssertionSection);
  policy::AssertionOptions assertion;
  assertion.place = node.place();
  assertion.ttl = node.duration("ttl", assertion.ttl, {2s, 10min});
  if (!node.require("header") || !node.find("header")) return std::nullopt;
  const Item header = *node.find("header");
  assertion.header = node.text("header");
  if (auto why = find_reserved(assertion.header))
    report(context, header, *why);
  else if (is_taken(identity.headers, assertion.header))
    report(
        context, header,
        in_quotes(assertion.header) + " is the same header as one of headers, for some servers (rename one)");
  return assertion;
}

policy::IdentityOptions parse(const NodeReader& node, policy::IdentityOptions identity) {
  if (const auto headers = node.find("headers")) identity.headers = parse_headers(node.context(), *headers);
  identity.forward_token = node.flag("forward_token", identity.forward_token);
  if (const auto assertion = node.find("assertion"))
    identity.assertion = parse_assertion(node.context(), *assertion, identity);
  return identity;
}

}  // namespace

const Section kIdentitySection{"identity", kKeys};
const Section kAssertionSection{"identity.assertion", kAssertionKeys};
const Section kRouteIdentitySection{"routes[].identity", kRouteKeys};

policy::IdentityOptions parse_identity(Context& context, const Item& item) {
  return parse(NodeReader(context, item, kIdentitySection), {});
}

policy::IdentityOptions parse_route_identity(Context& context, const Item& item,
                                             const policy::IdentityOptions& global) {
  return parse(NodeReader(context, item, kRouteIdentitySection), global);
}

}  // namespace gw::config
