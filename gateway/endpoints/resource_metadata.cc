// SPDX-License-Identifier: Apache-2.0
#include "endpoints/resource_metadata.h"

#include <algorithm>

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
};

void add_route(const exchange::Snapshot& snapshot, const policy::Route& route, Findings& found) {
  if (route.auth == policy::Auth::none) return;
  found.any = true;
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
  exchange::Reply reply;
  reply.body = json::dump(std::move(metadata));
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
