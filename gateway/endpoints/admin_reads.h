// SPDX-License-Identifier: Apache-2.0
// What the admin address tells of people and of the configuration: `GET /api/sessions?sub=SUB` (the sessions
// of an account that live) and `GET /api/config` (the configuration that serves, without its secrets).
#pragma once

#include <array>
#include <string_view>

#include "exchange/step.h"

namespace gw::endpoints {

// An address, or a name that no foreign server can answer for (RFC 6761 6.3).
bool is_own_name(std::string_view host);

// 421 for a request by a name that anybody may have pointed here (DNS rebinding), 403 csrf for one that
// another site sent.
exchange::Verdict admit_admin_read(exchange::Exchange& exchange);
exchange::Verdict reply_with_sessions_of(exchange::Exchange& exchange);
exchange::Verdict reply_with_config(exchange::Exchange& exchange);

inline constexpr std::array kSessionsOfSteps{
    exchange::Step{"admit_admin_read", admit_admin_read},
    exchange::Step{"reply_with_sessions_of", reply_with_sessions_of},
};
inline constexpr std::array kConfigSteps{
    exchange::Step{"admit_admin_read", admit_admin_read},
    exchange::Step{"reply_with_config", reply_with_config},
};

}  // namespace gw::endpoints
