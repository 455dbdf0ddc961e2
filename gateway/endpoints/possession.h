// SPDX-License-Identifier: Apache-2.0
// What a session is bound to from its beginning, and what has to be shown again to carry it on: the client
// certificate of the connection (RFC 8705, `tokens.bind_client_certificate`), the key of a DPoP proof that
// comes with the login (RFC 9449 5).
#pragma once

#include <string>
#include <string_view>

#include "auth/session_service.h"
#include "exchange/exchange.h"
#include "store/store.h"

namespace gw::endpoints {

// Steps. REQUIRES: a SessionState. First, before anything is looked up: which key the client proves, if it
// does. Then, when the client has been found to be somebody: that the proof was not brought before.
exchange::Verdict read_proof(exchange::Exchange& exchange);
exchange::Verdict use_proof(exchange::Exchange& exchange);

// Says what a session that begins with this request is bound to, if to anything.
void add_binding(exchange::Exchange& exchange, auth::SessionOrigin& origin);

// Verdict: refuses to carry on a session whose key or certificate is not shown. REQUIRES: a SessionState.
exchange::Verdict demand_binding(exchange::Exchange& exchange, const store::Family& family);

// Empty, or why the certificate that a session is bound to is not the connection's.
std::string_view find_certificate_flaw(const exchange::Exchange& exchange, const store::Family& family);

// `dpop_signing_alg_values_supported`.
json::Array proof_algorithms();

// Puts `cnf` (RFC 7800) into the claims of a bound session's token.
void add_confirmation(json::Value& claims, const store::Family& family);

}  // namespace gw::endpoints
