// SPDX-License-Identifier: Apache-2.0
#include "auth/dpop.h"
#include "exchange/exchange.h"
#include "exchange/steps.h"

namespace gw::exchange {
namespace {

// The only one; null when there is none, or several.
const http::Field* find_proof(const http::Fields& fields) {
  const http::Field* found = nullptr;
  for (const http::Field& field : fields) {
    if (field.dropped || !http::equal_without_case(field.name, "dpop")) continue;
    if (found != nullptr) return nullptr;
    found = &field;
  }
  return found;
}

// Empty, or why the request does not show the key.
std::string_view find_flaw(Exchange& exchange, std::string_view thumbprint) {
  const http::Field* field = find_proof(exchange.request().fields);
  if (field == nullptr) return "there is not one DPoP proof";
  const auto proof = auth::read_dpop_proof(field->value);
  if (!proof) return proof.error();
  const WallSeconds now = exchange.services().loop.wall();
  const std::string_view flaw = auth::check_dpop_proof(
      *proof, {exchange.request().method_text, exchange.client_is_secure() ? "https" : "http",
               exchange.request().authority, exchange.target().path, exchange.token(), thumbprint, now});
  if (!flaw.empty()) return flaw;
  return auth::DpopReplays::of_process().is_new(*proof, now) ? "" : "the proof has been used before";
}

std::string_view find_certificate_flaw(const Exchange& exchange, const std::string& thumbprint) {
  const net::PeerCertificate* shown = exchange.shown_certificate();
  if (shown == nullptr) return "the token is bound to a certificate, and none was shown";
  return shown->thumbprint == thumbprint ? "" : "the token is bound to another certificate than was shown";
}

std::string_view find_unshown(Exchange& exchange, const auth::Confirmation& confirmation) {
  const bool by_proof = exchange.credential_source() == CredentialSource::dpop;
  if (confirmation.is_unknown) return "the token is bound in a way that is not known here";
  if (!confirmation.key.empty() && !by_proof)
    return "the token is bound to a key, and came without its proof";
  if (confirmation.key.empty() && by_proof) return "the token is bound to no key, and came as if it were";
  if (!confirmation.certificate.empty())
    if (const auto flaw = find_certificate_flaw(exchange, confirmation.certificate); !flaw.empty())
      return flaw;
  return by_proof ? find_flaw(exchange, confirmation.key) : std::string_view();
}

}  // namespace

Verdict check_binding(Exchange& exchange) {
  if (exchange.identity() == nullptr) return Verdict::proceed;
  const std::string_view unshown = find_unshown(exchange, exchange.identity()->confirmation);
  if (!unshown.empty()) exchange.reject_token({Fault::token_type, std::string(unshown)});
  return Verdict::proceed;
}

}  // namespace gw::exchange
