// SPDX-License-Identifier: Apache-2.0
// API keys and Basic, on routes that allow them, for clients that cannot log in. Both end in an identity of
// this gateway, as an access token would; what was verified is remembered for a moment.
#pragma once

#include "exchange/exchange.h"

namespace gw::endpoints {

// Snapshot::check_api_key: the token that was sent begins like an API key, and the route takes them.
exchange::Verdict check_api_key(exchange::Exchange& exchange);
// Snapshot::check_basic: the route takes Basic. Failures count as failed logins do.
exchange::Verdict check_basic(exchange::Exchange& exchange);

}  // namespace gw::endpoints
