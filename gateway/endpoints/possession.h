// SPDX-License-Identifier: Apache-2.0
// What a session is bound to from its beginning, and what has to be shown again to carry it on: the client
// certificate of the connection (RFC 8705, `tokens.bind_client_certificate`).
#pragma once

#include <string>
#include <string_view>

#include "exchange/exchange.h"
#include "store/store.h"

namespace gw::endpoints {

// What a session that begins with this request is bound to; empty: to nothing.
auth::Confirmation binding_of(const exchange::Exchange& exchange);

// Empty, or why the certificate that a session is bound to is not the connection's.
std::string_view find_certificate_flaw(const exchange::Exchange& exchange, const store::Family& family);

// Puts `cnf` (RFC 7800) into the claims of a bound session's token.
void add_confirmation(json::Value& claims, const store::Family& family);

}  // namespace gw::endpoints
