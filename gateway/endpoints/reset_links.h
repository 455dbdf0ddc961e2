// SPDX-License-Identifier: Apache-2.0
// The open links of `/reset`, which end when the account has a new password, by whichever way.
#pragma once

#include <string>

#include "exchange/exchange.h"

namespace gw::endpoints {

// Ends all of them, then proceeds.
exchange::Verdict end_reset_links(exchange::Exchange& exchange, std::string subject);

}  // namespace gw::endpoints
