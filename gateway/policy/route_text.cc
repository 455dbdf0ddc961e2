// SPDX-License-Identifier: Apache-2.0
#include "policy/route_text.h"

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "policy/client_networks.h"
#include "policy/when.h"

namespace gw::policy {
namespace {

std::string list_text(const std::vector<std::string>& list) {
  if (list.empty()) return {};
  std::string text = "[";
  for (const std::string& each : list) text.append(text.size() == 1 ? "" : ", ").append(each);
  return text + "]";
}

std::string sorted_text(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return list_text(list);
}

std::string pairs_text(std::vector<std::pair<std::string, std::string>> pairs) {
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (const auto& [name, value] : pairs) text += (text.empty() ? "{" : ", ") + name + ": " + value;
  return text.empty() ? text : text + "}";
}

std::string claims_text(const std::vector<ClaimRule>& rules) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const ClaimRule& rule : rules) pairs.emplace_back(rule.name, json::dump(rule.value));
  return pairs_text(std::move(pairs));
}

std::string changes_text(const HeaderChanges& changes) {
  if (changes.empty()) return {};
  return "set " + pairs_text(changes.set) + " add " + pairs_text(changes.add) + " remove " +
         list_text(changes.remove);
}

std::string shadow_text(const std::optional<Requirement>& shadow) {
  if (!shadow) return {};
  std::string text = "scopes " + sorted_text(shadow->scopes) +
                     (shadow->hierarchic_scopes ? " hierarchic" : "") + " roles " +
                     sorted_text(shadow->roles) + " claims " + claims_text(shadow->claims);
  if (shadow->when != nullptr) text.append(" when ").append(shadow->when->text());
  return text;
}

std::string certificate_text(const std::optional<CertificateRule>& rule) {
  if (!rule) return {};
  const std::string subjects = sorted_text(rule->subjects), names = sorted_text(rule->names);
  return "subjects " + (subjects.empty() ? "any" : subjects) + " names " + (names.empty() ? "any" : names);
}

std::string bound_text(const std::vector<Binding>& bound) {
  std::vector<std::string> names;
  for (const Binding binding : bound) names.emplace_back(binding == Binding::dpop ? "dpop" : "mtls");
  return sorted_text(std::move(names));
}

std::string_view auth_text(Auth auth) {
  switch (auth) {
    case Auth::required:
      return "required";
    case Auth::optional:
      return "optional";
    case Auth::none:
      break;
  }
  return "none";
}

std::string failure_text(const std::optional<bool>& serves) {
  return !serves ? std::string() : *serves ? "allow" : "deny";
}

template <class T>
std::string number_text(const std::optional<T>& number) {
  if (!number) return {};
  if constexpr (std::is_same_v<T, Duration>)
    return std::to_string(number->count()) + "ms";
  else
    return std::to_string(*number);
}

std::string limit_text(const std::optional<RateLimitOptions>& limit) {
  if (!limit) return {};
  return std::to_string(limit->requests) + " per " + std::to_string(limit->per.count()) + "ms, burst " +
         std::to_string(limit->burst) + ", daily " + std::to_string(limit->daily) + ", concurrent " +
         std::to_string(limit->concurrent) + ", key " + std::to_string(static_cast<int>(limit->key.kind)) +
         limit->key.name;
}

std::string cors_text(const std::optional<CorsOptions>& cors) {
  if (!cors) return {};
  return list_text(cors->origins) + list_text(cors->methods) + list_text(cors->headers) +
         list_text(cors->expose) + (cors->credentials ? " with credentials " : " ") +
         number_text(cors->max_age);
}

std::string identity_text(const std::optional<IdentityOptions>& identity) {
  if (!identity) return {};
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const IdentityHeader& header : identity->headers) pairs.emplace_back(header.header, header.claim);
  return pairs_text(std::move(pairs)) + (identity->forward_token ? " with the token" : "");
}

std::string rewrite_text(const Rewrite& rewrite) {
  return rewrite.empty() ? std::string() : rewrite.strip_prefix + " -> " + rewrite.add_prefix;
}

}  // namespace

std::string match_text(const Route& route) {
  std::string text = (route.host.empty() ? "*" : route.host) + route.path;
  if (!route.methods.empty()) text += " " + sorted_text(route.methods);
  if (!route.headers.empty()) text += " headers " + pairs_text(route.headers);
  if (!route.query.empty()) text += " query " + pairs_text(route.query);
  if (!route.clients.empty()) {
    std::vector<std::string> networks;
    for (const net::Cidr& network : route.clients) networks.push_back(format_network(network));
    text += " client " + sorted_text(std::move(networks));
  }
  return text;
}

std::vector<std::pair<std::string_view, std::string>> effect_texts(const Route& route) {
  return {
      {"auth", std::string(auth_text(route.auth))},
      {"anonymous", route.anonymous ? json::dump(*route.anonymous) : std::string()},
      {"issuers", sorted_text(route.issuers)},
      {"require.scopes", sorted_text(route.require.scopes)},
      {"require.scope_strategy", route.require.hierarchic_scopes ? "hierarchic" : "exact"},
      {"require.roles", sorted_text(route.require.roles)},
      {"require.claims", claims_text(route.require.claims)},
      {"require.when",
       route.require.when != nullptr ? std::string(route.require.when->text()) : std::string()},
      {"require.bound", bound_text(route.require.bound)},
      {"require.client_certificate", certificate_text(route.require.client_certificate)},
      {"max_revocation_lag", number_text(route.max_revocation_lag)},
      {"on_failure", failure_text(route.serves_on_failure)},
      {"api_keys", route.api_keys ? "true" : "false"},
      {"basic", route.basic ? "true" : "false"},
      {"login_page", route.login_page ? "true" : "false"},
      {"enforce", route.enforce ? "true" : "false"},
      {"shadow", shadow_text(route.shadow)},
      {"upstream", route.upstream},
      {"rewrite", rewrite_text(route.rewrite)},
      {"request_headers", changes_text(route.request_headers)},
      {"response_headers", changes_text(route.response_headers)},
      {"rate_limit", limit_text(route.rate_limit)},
      {"cors", cors_text(route.cors)},
      {"max_body", number_text(route.max_body)},
      {"response_timeout", number_text(route.response_timeout)},
      {"respond",
       route.respond ? std::to_string(route.respond->status) + " " + route.respond->body : std::string()},
      {"identity", identity_text(route.identity)},
  };
}

}  // namespace gw::policy
