// SPDX-License-Identifier: Apache-2.0
#include "exchange/dpop_request.h"

#include "auth/dpop_nonce.h"

namespace gw::exchange {
namespace {

struct ProofFields {
  const http::Field* first = nullptr;
  bool is_alone = false;
};

ProofFields find_proofs(const Exchange& exchange) {
  ProofFields found;
  for (const http::Field& field : exchange.request().fields) {
    if (field.dropped || !http::equal_without_case(field.name, "dpop")) continue;
    found.is_alone = found.first == nullptr;
    if (found.first == nullptr) found.first = &field;
  }
  return found;
}

}  // namespace

bool brings_proof(const Exchange& exchange) {
  return find_proofs(exchange).first != nullptr;
}

Result<auth::DpopProof, ProofFlaw> find_proof(Exchange& exchange, const std::optional<BoundToken>& token) {
  const WallSeconds now = exchange.services().loop.wall();
  const auth::DpopNonces* nonces = exchange.snapshot().dpop_nonces.get();
  if (nonces != nullptr) exchange.set_dpop_nonce(nonces->current(now));
  const ProofFields fields = find_proofs(exchange);
  if (!fields.is_alone) return ProofFlaw{"there is not one DPoP proof"};
  auto proof = auth::read_dpop_proof(fields.first->value);
  if (!proof) return ProofFlaw{proof.error()};
  auth::DpopContext context{.method = exchange.request().method_text,
                            .scheme = exchange.client_is_secure() ? "https" : "http",
                            .authority = exchange.request().authority,
                            .path = exchange.target().path,
                            .now = now};
  if (token) {
    context.token = token->token;
    context.thumbprint = token->thumbprint;
  }
  const std::string_view flaw =
      token ? auth::check_dpop_proof(*proof, context) : auth::check_dpop_proof_alone(*proof, context);
  if (!flaw.empty()) return ProofFlaw{flaw};
  if (nonces != nullptr && !nonces->is_good(proof->nonce, now))
    return ProofFlaw{"the proof has no nonce of ours that is still good", true};
  return std::move(*proof);
}

Verdict use_proof(Exchange& exchange, const auth::DpopProof& proof, Callback<Verdict(Result<bool>)> then) {
  const WallSeconds now = exchange.services().loop.wall();
  if (!auth::DpopReplays::of_process().is_new(proof, now)) return then(false);
  store::SharedStore* shared = exchange.services().shared;
  if (shared == nullptr) return then(true);
  return exchange.wait_for(
      shared->happen_once(exchange.services().loop, "dpop " + proof.thumbprint + ' ' + proof.id,
                          now + auth::kDpopMaxAge + auth::kDpopMaxAhead, now,
                          [&exchange, then = std::move(then)](Result<bool> is_first) mutable {
                            exchange.resume(then(std::move(is_first)));
                          }));
}

}  // namespace gw::exchange
