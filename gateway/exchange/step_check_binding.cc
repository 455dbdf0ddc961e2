// SPDX-License-Identifier: Apache-2.0
#include "exchange/dpop_request.h"
#include "exchange/exchange.h"
#include "exchange/steps.h"

namespace gw::exchange {
namespace {

std::string_view find_certificate_flaw(const Exchange& exchange, std::string_view thumbprint) {
  const net::PeerCertificate* shown = exchange.shown_certificate();
  if (shown == nullptr) return "the token is bound to a certificate, and none was shown";
  return shown->thumbprint == thumbprint ? "" : "the token is bound to another certificate than was shown";
}

// The proof, when one is needed, and it is good but for having been seen before.
using Shown = Result<std::optional<auth::DpopProof>, ProofFlaw>;

Shown find_shown(Exchange& exchange, const auth::Confirmation& confirmation) {
  const bool by_proof = exchange.credential_source() == CredentialSource::dpop;
  if (confirmation.is_unknown) return ProofFlaw{"the token is bound in a way that is not known here"};
  if (!confirmation.key.empty() && !by_proof)
    return ProofFlaw{"the token is bound to a key, and came without its proof"};
  if (confirmation.key.empty() && by_proof)
    return ProofFlaw{"the token is bound to no key, and came as if it were"};
  if (!confirmation.certificate.empty())
    if (const auto flaw = find_certificate_flaw(exchange, confirmation.certificate); !flaw.empty())
      return ProofFlaw{flaw};
  if (!by_proof) return std::optional<auth::DpopProof>();
  auto proof = find_proof(exchange, BoundToken{exchange.token(), confirmation.key});
  if (!proof) return proof.error();
  return std::optional(std::move(*proof));
}

Verdict reject(Exchange& exchange, const ProofFlaw& flaw) {
  exchange.reject_token(
      {flaw.wants_nonce ? Fault::use_dpop_nonce : Fault::token_type, std::string(flaw.why)});
  return Verdict::proceed;
}

}  // namespace

Verdict check_binding(Exchange& exchange) {
  if (exchange.identity() == nullptr) return Verdict::proceed;
  const Shown shown = find_shown(exchange, exchange.identity()->confirmation);
  if (!shown) return reject(exchange, shown.error());
  if (!*shown) return Verdict::proceed;
  return use_proof(exchange, **shown, [&exchange](Result<bool> is_new) {
    if (!is_new) {
      exchange.reject_token(std::move(is_new.error()));
      return Verdict::proceed;
    }
    return *is_new ? Verdict::proceed : reject(exchange, {"the proof has been used before"});
  });
}

}  // namespace gw::exchange
