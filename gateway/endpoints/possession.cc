// SPDX-License-Identifier: Apache-2.0
#include "endpoints/possession.h"

#include "endpoints/session_answer.h"
#include "exchange/dpop_request.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

// The certificate of a trusted proxy is not its clients': bound to that, a token would be bound to nobody.
const net::PeerCertificate* find_own_certificate(const Exchange& exchange) {
  return exchange.downstream().peer_is_trusted ? nullptr : exchange.shown_certificate();
}

}  // namespace

Verdict read_proof(Exchange& exchange) {
  if (!exchange::brings_proof(exchange)) return Verdict::proceed;
  auto& state = exchange.endpoint_state<SessionState>();
  // A browser that sends its cookies along proves nothing.
  if (state.delivery != Delivery::body)
    return exchange.refuse({Fault::invalid_dpop_proof, "a session in cookies cannot be bound to a key"});
  auto proof = exchange::find_proof(exchange, std::nullopt);
  if (!proof)
    return exchange.refuse(
        {proof.error().wants_nonce ? Fault::use_dpop_nonce_at_login : Fault::invalid_dpop_proof,
         std::string(proof.error().why)});
  state.proof = std::move(*proof);
  return Verdict::proceed;
}

Verdict use_proof(Exchange& exchange) {
  const auto& proof = exchange.endpoint_state<SessionState>().proof;
  if (!proof) return Verdict::proceed;
  return exchange::use_proof(exchange, *proof, [&exchange](Result<bool> is_new) {
    if (!is_new) return exchange.refuse(std::move(is_new.error()));
    if (!*is_new) return exchange.refuse({Fault::invalid_dpop_proof, "the proof has been used before"});
    return Verdict::proceed;
  });
}

void add_binding(Exchange& exchange, auth::SessionOrigin& origin) {
  if (const auto& proof = exchange.endpoint_state<SessionState>().proof) origin.bound_key = proof->thumbprint;
  const net::PeerCertificate* shown = find_own_certificate(exchange);
  if (exchange.snapshot().tokens.bind_client_certificate && shown != nullptr)
    origin.bound_certificate = shown->thumbprint;
}

std::string_view find_certificate_flaw(const Exchange& exchange, const store::Family& family) {
  if (family.bound_certificate.empty()) return {};
  const net::PeerCertificate* shown = find_own_certificate(exchange);
  if (shown == nullptr) return "the session is bound to a certificate, and none was shown";
  return shown->thumbprint == family.bound_certificate
             ? ""
             : "the session is bound to another certificate than was shown";
}

Verdict demand_binding(Exchange& exchange, const store::Family& family) {
  const auto& proof = exchange.endpoint_state<SessionState>().proof;
  if (!family.bound_key.empty() && (!proof || proof->thumbprint != family.bound_key))
    return exchange.refuse(
        {Fault::invalid_dpop_proof, "the session is bound to a key that the request does not show"});
  if (const std::string_view flaw = find_certificate_flaw(exchange, family); !flaw.empty())
    return exchange.refuse({Fault::token_type, std::string(flaw)});
  return Verdict::proceed;
}

json::Array proof_algorithms() {
  json::Array names;
  for (const jose::Algorithm algorithm : auth::kDpopAlgorithms) names.emplace_back(jose::name_of(algorithm));
  return names;
}

void add_confirmation(json::Value& claims, const store::Family& family) {
  json::Value confirmation;
  if (!family.bound_key.empty()) confirmation.set("jkt", family.bound_key);
  if (!family.bound_certificate.empty()) confirmation.set("x5t#S256", family.bound_certificate);
  if (!confirmation.is_null()) claims.set("cnf", std::move(confirmation));
}

}  // namespace gw::endpoints
