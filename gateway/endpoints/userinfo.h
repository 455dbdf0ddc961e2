// SPDX-License-Identifier: Apache-2.0
// `GET /userinfo`: the claims of the token that is sent, as the gateway sees them.
#pragma once

#include <array>

#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict reply_with_claims(exchange::Exchange& exchange);

inline constexpr std::array kUserinfoSteps{
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"renew_session", exchange::renew_session},
    exchange::Step{"demand_identity", exchange::demand_identity},
    exchange::Step{"reply_with_claims", reply_with_claims},
};

}  // namespace gw::endpoints
