// SPDX-License-Identifier: Apache-2.0
// The DPoP proof that a request brings (RFC 9449): its field, held against the request that it came with, the
// nonces that are in use and the proofs that were seen before.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/dpop.h"
#include "exchange/exchange.h"

namespace gw::exchange {

// The access token that a proof comes with.
struct BoundToken {
  std::string_view token;
  std::string_view thumbprint;  // `cnf.jkt`
};

struct ProofFlaw {
  std::string_view why;
  bool wants_nonce = false;  // everything else is good
};

bool brings_proof(const Exchange& exchange);

// The request's one proof, which is good but for having been seen before. Without a token: section 5, at
// /login and /refresh. Where nonces are in use, the answer brings the current one.
Result<auth::DpopProof, ProofFlaw> find_proof(Exchange& exchange, const std::optional<BoundToken>& token);

// `then` hears false when the proof was brought before, here or, with a shared store, to another replica; an
// error when that cannot be known. Now, or after a wait. Proofs that are seen take room for a while: ask when
// the one who brings it has been found to be somebody, so that nobody at all cannot fill that room.
Verdict use_proof(Exchange& exchange, const auth::DpopProof& proof, Callback<Verdict(Result<bool>)> then);

}  // namespace gw::exchange
