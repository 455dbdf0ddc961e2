// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <unordered_map>

#include "config/algorithms.h"
#include "config/sections.h"
#include "config/units.h"
#include "fetch/url.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"issuer", "text", "required",
        "the exact value of `iss`; no two issuers, nor `tokens.issuer`, share one"},
    Key{"jwks_file", "path", "none", "a JWK set, or PEM public keys or certificates"},
    Key{"jwks_uri", "URL", "none", "where its JWK set is fetched; `https://`, plain http on loopback alone"},
    Key{"discovery", "true or false", "false",
        "asks the issuer for its metadata (OpenID Connect, RFC 8414), which says where the keys are"},
    Key{"refresh", "duration", "10m",
        "how old fetched keys get before they are fetched anew; sooner when their cache headers say so"},
    Key{"stale_if_error", "duration", "24h",
        "how long the last good keys serve on while the issuer is away, also after a restart"},
    Key{"ca", "path", "the system's", "PEM certificates, the only ones trusted for this issuer's servers"},
    Key{"timeout", "duration", "5s", "for an answer of this issuer's servers"},
    Key{"secret", "secret", "none",
        "instead of public keys, for HS algorithms; at least as long as the hash"},
    Key{"introspection", "map", "none", "asks the issuer about tokens that only it can judge (RFC 7662)"},
    Key{"algorithms", "list of algorithms", "required",
        "a key is used only with its own algorithm; none with `introspection` alone"},
    Key{"audiences", "list of text, or `any`", "required", "a token's `aud` must hold one of them"},
    Key{"leeway", "duration", "30s", "for `exp`, `nbf` and `iat`"},
    Key{"max_age", "duration", "none", "of `iat`; older tokens are refused"},
    Key{"require_type", "text", "none", "the `typ` that a token must have: `at+jwt` (RFC 9068)"},
    Key{"claims", "map of text", "{}",
        "renames: the name used in routes and headers, and the path in the token"},
    Key{"subject", "text", "`{sub}`",
        "what `sub` is from here on, of `{name}` (the issuer's here), `{iss}` and `{sub}`: `{name}:{sub}` is "
        "nobody else's"},
};

constexpr std::array kIntrospectionKeys{
    Key{"url", "URL", "required", "the endpoint; `https://`, plain http on loopback alone"},
    Key{"client_id", "text", "required", "who this gateway is there"},
    Key{"client_secret", "secret", "required", "and its secret"},
    Key{"auth", "`basic` or `post`", "basic", "how both are sent (RFC 6749 2.3.1)"},
    Key{"cache", "duration", "30s", "how long an answer is kept; never beyond the token's own end"},
    Key{"require_token_type", "true or false", "true",
        "an answer must say that it is about an access token, by `token_type`, `token_use` or `typ`"},
    Key{"on_failure", "`deny` or `allow`", "`store.on_failure`",
        "while the endpoint is away: a token that was good the last time is refused, or good for an hour at "
        "most"},
};
constexpr Choice<jose::ClientAuth> kClientAuth[] = {{"basic", jose::ClientAuth::basic},
                                                    {"post", jose::ClientAuth::post}};

bool has_key_source(const NodeReader& node) {
  return node.has("jwks_file") || node.has("jwks_uri") || node.has("secret") || node.flag("discovery", false);
}

std::vector<jose::Algorithm> parse_algorithms(const NodeReader& node) {
  std::vector<jose::Algorithm> algorithms;
  const auto item = node.find("algorithms");
  if (!item && node.has("introspection") && !has_key_source(node)) return algorithms;
  if (!node.require("algorithms") || !item) return algorithms;
  for (const Item& each : read_list(node.context(), *item)) {
    const auto algorithm = read_algorithm(node.context(), each);
    if (!algorithm) continue;
    if (std::find(algorithms.begin(), algorithms.end(), *algorithm) != algorithms.end()) {
      report(node.context(), each, in_quotes(each.node->text) + " is there twice (remove one)");
    } else {
      algorithms.push_back(*algorithm);
    }
  }
  if (item->node->kind == Kind::list && item->node->items.empty())
    report(node.context(), *item, "is empty (name an algorithm)");
  return algorithms;
}

void parse_audiences(const NodeReader& node, jose::IssuerOptions& issuer) {
  const auto item = node.find("audiences");
  if (!node.require("audiences") || !item) return;
  if (item->node->kind == Kind::text) {
    issuer.any_audience = item->node->text == "any";
    if (!issuer.any_audience)
      report(node.context(), *item, "expected a list or any, found " + in_quotes(item->node->text));
    return;
  }
  issuer.audiences = read_texts(node.context(), *item);
  if (item->node->kind == Kind::list && item->node->items.empty())
    report(node.context(), *item, "is empty (name an audience, or write audiences: any)");
}

// A shared secret is for HS algorithms alone, public keys for the others: no key is ever read as both.
void check_algorithms(const NodeReader& node, std::string_view source, const jose::IssuerOptions& issuer) {
  const bool has_secret = source == "secret";
  for (const jose::Algorithm algorithm : issuer.algorithms) {
    if (jose::is_symmetric(algorithm) == has_secret) continue;
    const std::string name(jose::name_of(algorithm));
    const std::string other(has_secret ? "public keys, not a secret"
                                       : "a secret, not " + std::string(source));
    report(node.context(), *node.find("algorithms"), name + " needs " + other + " (remove one of them)");
  }
}

void check_keys(const NodeReader& node, const jose::IssuerOptions& issuer) {
  std::string_view source;
  for (const std::string_view name : {"jwks_file", "jwks_uri", "discovery", "secret"}) {
    if (!node.has(name) || (name == "discovery" && !node.flag(name, false))) continue;
    if (!source.empty()) {
      report(node.context(), *node.find(name),
             "stands beside " + std::string(source) + " (an issuer has one source of keys)");
      return;
    }
    source = name;
  }
  if (!source.empty()) return check_algorithms(node, source, issuer);
  if (!node.has("introspection") && node.is_map())
    report(node.context(), node.item(),
           "has no keys (add jwks_uri, discovery: true or jwks_file, or a secret for HS algorithms)");
}

// An URL that the gateway itself asks; empty when it is absent or wrong.
std::string parse_own_url(const NodeReader& node, std::string_view key) {
  std::string text = node.text(key);
  if (text.empty() && !(node.find(key) && node.find(key)->node->kind == Kind::text)) return {};
  const auto url = fetch::parse_url(text);
  if (!url) report(node.context(), *node.find(key), url.error());
  return text;
}

std::optional<jose::IntrospectionOptions> parse_introspection(const NodeReader& issuer) {
  const auto item = issuer.find("introspection");
  if (!item) return std::nullopt;
  const NodeReader node(issuer.context(), *item, kIntrospectionSection);
  jose::IntrospectionOptions options;
  if (node.require("url")) options.url = parse_own_url(node, "url");
  if (node.require("client_id")) options.client_id = node.text("client_id");
  if (node.require("client_secret")) options.client_secret = node.secret("client_secret");
  options.method = node.one_of("auth", kClientAuth, options.method);
  options.cache = std::chrono::floor<std::chrono::seconds>(node.duration("cache", 30s, {0ms, 24h})).count();
  if (node.has("on_failure")) options.serve_stale = node.one_of("on_failure", kServesOnFailure, false);
  options.require_token_type = node.flag("require_token_type", true);
  return options;
}

std::optional<jose::RemoteKeysOptions> parse_remote_keys(const NodeReader& node, const std::string& issuer) {
  jose::RemoteKeysOptions remote;
  remote.jwks_uri = parse_own_url(node, "jwks_uri");
  const bool discovery = node.flag("discovery", false);
  if (discovery && !issuer.empty())
    if (const auto url = fetch::parse_url(issuer); !url)
      report(node.context(), *node.find("discovery"), "needs an issuer that is a URL: it " + url.error());
  const bool is_remote = discovery || node.find("jwks_uri");
  for (const std::string_view key : {"refresh", "stale_if_error"})
    if (node.has(key) && !is_remote)
      report(node.context(), *node.find(key), "is for keys that are fetched (add jwks_uri, or remove it)");
  remote.refresh = node.duration("refresh", remote.refresh, {1s, 24h});
  remote.stale_if_error = node.duration("stale_if_error", remote.stale_if_error, {0ms, 90 * 24h});
  return is_remote ? std::optional(std::move(remote)) : std::nullopt;
}

void check_longest_hash(const NodeReader& node, const jose::IssuerOptions& issuer) {
  std::optional<jose::Algorithm> longest;  // their order is that of their hashes
  for (const jose::Algorithm algorithm : issuer.algorithms)
    if (jose::is_symmetric(algorithm) && (!longest || algorithm > *longest)) longest = algorithm;
  if (longest) check_secret_length(node, issuer.secret, *longest);
}

// `iss` alone chooses the keys of a token, so no two may have the same.
struct Taken {
  const std::string& self;
  std::unordered_map<std::string, std::string> names;  // of the values of `iss`
};

std::string parse_issuer_value(const NodeReader& node, const std::string& name, Taken& taken) {
  const auto item = node.find("issuer");
  if (!node.require("issuer") || !item) return {};
  auto text = read_text(node.context(), *item);
  if (!text) return {};
  const auto [before, is_new] = taken.names.emplace(*text, name);
  if (text->empty()) {
    report(node.context(), *item, "is empty (write the value of iss)");
  } else if (!is_new) {
    report(node.context(), *item,
           in_quotes(*text) + " is the issuer of " + in_quotes(before->second) + " too (remove one)");
  } else if (*text == taken.self) {
    report(node.context(), *item, in_quotes(*text) + " is tokens.issuer, this gateway itself (change one)");
  }
  return std::move(*text);
}

std::string parse_subject(const NodeReader& node) {
  std::string pattern = node.text("subject");
  std::string rest = pattern;
  for (const std::string_view known : {"{sub}", "{name}", "{iss}"})
    for (std::size_t at; (at = rest.find(known)) != std::string::npos;) rest.erase(at, known.size());
  const bool is_sound = rest.find_first_of("{}") == std::string::npos;
  if (!pattern.empty() && (!is_sound || pattern.find("{sub}") == std::string::npos))
    report(node.context(), *node.find("subject"),
           in_quotes(pattern) + " must hold {sub}, and besides it {name} and {iss} alone");
  return pattern;
}

jose::IssuerOptions parse_issuer(Context& context, const NamedItem& member, Taken& taken) {
  const NodeReader node(context, member.value, kIssuerSection);
  jose::IssuerOptions issuer;
  issuer.name = member.name;
  issuer.place = member.place;
  issuer.issuer = parse_issuer_value(node, member.name, taken);
  issuer.jwks_file = node.readable_file("jwks_file");
  issuer.secret = node.secret("secret");
  issuer.remote = parse_remote_keys(node, issuer.issuer);
  issuer.introspection = parse_introspection(node);
  issuer.ca = node.readable_file("ca");
  issuer.timeout = node.duration("timeout", issuer.timeout, {100ms, 1min});
  issuer.algorithms = parse_algorithms(node);
  parse_audiences(node, issuer);
  issuer.leeway = node.duration("leeway", issuer.leeway, {0ms, 1h});
  if (node.has("max_age")) issuer.max_age = node.duration("max_age", 24h, {1s, 10 * 365 * 24h});
  issuer.require_type = node.text("require_type");
  issuer.claims = read_claim_names(node, "claims");
  issuer.subject = parse_subject(node);
  check_keys(node, issuer);
  check_longest_hash(node, issuer);
  return issuer;
}

}  // namespace

const Section kIssuerSection{"issuers.NAME", kKeys};
const Section kIntrospectionSection{"issuers.NAME.introspection", kIntrospectionKeys};

std::vector<jose::IssuerOptions> parse_issuers(Context& context, const Item& item,
                                               const jose::TokenOptions& self) {
  std::vector<jose::IssuerOptions> issuers;
  Taken taken{self.issuer, {}};
  for (const NamedItem& member : read_map(context, item)) {
    if (member.name == "self")
      context.issues.error(member.place, item.path + ": \"self\" is this gateway (choose another name)");
    issuers.push_back(parse_issuer(context, member, taken));
  }
  return issuers;
}

}  // namespace gw::config
