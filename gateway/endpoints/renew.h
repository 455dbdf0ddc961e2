// SPDX-License-Identifier: Apache-2.0
// A browser's session renews itself: when its access cookie has run out and its refresh cookie is good, the
// gateway refreshes in passing, as POST /refresh would, and sets both anew on whatever the answer is.
#pragma once

#include "exchange/exchange.h"

namespace gw::endpoints {

// Snapshot::renew_session. With a refresh token that is no longer good the request goes on as nobody's, and
// both cookies go. A store or a backend that is away is told. REQUIRES: no identity.
exchange::Verdict renew_in_passing(exchange::Exchange& exchange);

}  // namespace gw::endpoints
