// SPDX-License-Identifier: Apache-2.0
#include "endpoints/resource_metadata.h"

#include <algorithm>

#include "endpoints/possession.h"
#include "exchange/exchange.h"

namespace gw::endpoints {
namespace {

constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

void add_new(json::Array& list, std::string_view text) {
  const auto is_same = [&](const json::Value& one) { return *one.as_string() == text; };
  if (std::none_of(list.begin(), list.end(), is_same)) list.emplace_back(text);
}

struct Findings {
  bool any = false;
  json::Array issuers;
  json::Array scopes;
  bool every_token_is_bound_to_a_key = true;
  bool takes_keys = false, takes_certificates = false;  // says a route's `bound`
};

void add_bindings(const std::vector<policy::Binding>& bound, Findings& found) {
  const auto takes = [&](policy::Binding binding) {
    return std::find(bound.begin(), bound.end(), binding) != bound.end();
  };
  const bool takes_key = takes(policy::Binding::dpop), takes_certificate = takes(policy::Binding::mtls);
  if (!takes_key || takes_certificate) found.every_token_is_bound_to_a_key = false;
  found.takes_keys = found.takes_keys || takes_key;
  found.takes_certificates = found.takes_certificates || takes_certificate;
}

void add_route(const exchange::Snapshot& snapshot, const policy::Route& route, Findings& found) {
  if (route.auth == policy::Auth::none) return;
  found.any = true;
  add_bindings(route.require.bound, found);
  for (const auth::Issuer& issuer : *snapshot.issuers) {
    const bool is_taken = route.issuers.empty() || std::find(route.issuers.begin(), route.issuers.end(),
                                                             issuer.name) != route.issuers.end();
    if (is_taken && is_issuer_url(issuer.issuer)) add_new(found.issuers, issuer.issuer);
  }
  for (const std::string& scope : route.require.scopes) add_new(found.scopes, scope);
}

}  // namespace

bool is_issuer_url(std::string_view issuer) {
  return issuer.starts_with("https://") || issuer.starts_with("http://");
}

exchange::Verdict reply_with_resource_metadata(exchange::Exchange& exchange) {
  const exchange::Snapshot& snapshot = exchange.snapshot();
  if (exchange.host().empty())
    return exchange.refuse({Fault::bad_request, "without a host there is no resource"});
  const std::string_view suffix = exchange.target().path.substr(exchange::kResourceMetadataPath.size());
  http::Target resource = exchange.target();
  resource.path = suffix.empty() ? "/" : suffix;
  Findings found;
  for (const std::string_view method : kMethods) {
    const auto match = snapshot.routes.match({exchange.host(), resource, method, exchange.request().fields});
    if (match) add_route(snapshot, *match->route, found);
  }
  if (!found.any) return exchange.refuse(Fault::no_route);
  json::Object metadata{{"resource", (exchange.client_is_secure() ? "https://" : "http://") +
                                         std::string(exchange.request().authority) + std::string(suffix)},
                        {"authorization_servers", std::move(found.issuers)},
                        {"bearer_methods_supported", json::Array{"header"}}};
  if (!found.scopes.empty()) metadata.emplace_back("scopes_supported", std::move(found.scopes));
  if (found.takes_certificates) metadata.emplace_back("tls_client_certificate_bound_access_tokens", true);
  if (found.takes_keys) metadata.emplace_back("dpop_signing_alg_values_supported", proof_algorithms());
  if (found.takes_keys && found.every_token_is_bound_to_a_key)
    metadata.emplace_back("dpop_bound_access_tokens_required", true);
  exchange::Reply reply;
  reply.body = json::dump(std::move(metadata));
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
