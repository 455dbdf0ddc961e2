// SPDX-License-Identifier: Apache-2.0
// `/auth/verify`: another proxy asks what this gateway would do with a request, and is answered with the
// status of that decision and, when it is yes, the headers of the identity. The question has become the
// original request in exchange/step_adopt_original.cc; from there the steps are those of any request.
#pragma once

#include <array>

#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict reply_with_decision(exchange::Exchange& exchange);

inline constexpr std::array kVerifySteps{
    exchange::Step{"match_route", exchange::match_route},
    exchange::Step{"limit_clients", exchange::limit_clients},
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"check_other_credentials", exchange::check_other_credentials},
    exchange::Step{"authorise", exchange::authorise},
    exchange::Step{"limit_callers", exchange::limit_callers},
    exchange::Step{"reply_with_decision", reply_with_decision},
};

}  // namespace gw::endpoints
