// SPDX-License-Identifier: Apache-2.0
#include "endpoints/metadata.h"

#include "endpoints/possession.h"
#include "exchange/exchange.h"

namespace gw::endpoints {

exchange::Verdict reply_with_metadata(exchange::Exchange& exchange) {
  const exchange::Snapshot& snapshot = exchange.snapshot();
  // The addresses are those that the client itself used; the answer is not for caches.
  if (exchange.host().empty())
    return exchange.refuse({Fault::bad_request, "without a host there are no addresses to tell"});
  const std::string base = (exchange.client_is_secure() ? "https://" : "http://") +
                           std::string(exchange.request().authority) + snapshot.login.prefix;
  json::Object metadata{
      {"issuer", snapshot.tokens.issuer},
      {"token_endpoint", base + "/refresh"},
      {"token_endpoint_auth_methods_supported", json::Array{"none"}},
      {"grant_types_supported", json::Array{"refresh_token"}},
      {"response_types_supported", json::Array{}},
      {"userinfo_endpoint", base + "/userinfo"},
      {"jwks_uri", base + "/.well-known/jwks.json"},
      {"dpop_signing_alg_values_supported", proof_algorithms()},
  };
  if (snapshot.tokens.bind_client_certificate)
    metadata.emplace_back("tls_client_certificate_bound_access_tokens", true);
  exchange::Reply reply;
  reply.body = json::dump(std::move(metadata));
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
