// SPDX-License-Identifier: Apache-2.0
#include "endpoints/possession.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;

// The certificate of a trusted proxy is not its clients': bound to that, a token would be bound to nobody.
const net::PeerCertificate* find_own_certificate(const Exchange& exchange) {
  return exchange.downstream().peer_is_trusted ? nullptr : exchange.shown_certificate();
}

}  // namespace

auth::Confirmation binding_of(const Exchange& exchange) {
  auth::Confirmation binding;
  const net::PeerCertificate* shown = find_own_certificate(exchange);
  if (exchange.snapshot().tokens.bind_client_certificate && shown != nullptr)
    binding.certificate = shown->thumbprint;
  return binding;
}

std::string_view find_certificate_flaw(const Exchange& exchange, const store::Family& family) {
  if (family.bound_certificate.empty()) return {};
  const net::PeerCertificate* shown = find_own_certificate(exchange);
  if (shown == nullptr) return "the session is bound to a certificate, and none was shown";
  return shown->thumbprint == family.bound_certificate
             ? ""
             : "the session is bound to another certificate than was shown";
}

void add_confirmation(json::Value& claims, const store::Family& family) {
  json::Value confirmation;
  if (!family.bound_key.empty()) confirmation.set("jkt", family.bound_key);
  if (!family.bound_certificate.empty()) confirmation.set("x5t#S256", family.bound_certificate);
  if (!confirmation.is_null()) claims.set("cnf", std::move(confirmation));
}

}  // namespace gw::endpoints
