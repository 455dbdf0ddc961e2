// SPDX-License-Identifier: Apache-2.0
// `POST /logout`: the access token, the refresh token or both, from wherever they may come; the session of
// either ends, on every worker before the answer goes out. What is forged ends nothing and is told so.
#pragma once

#include <array>

#include "endpoints/browser.h"
#include "endpoints/request_body.h"
#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict read_logout(exchange::Exchange& exchange);
exchange::Verdict end_session(exchange::Exchange& exchange);
exchange::Verdict reply_logged_out(exchange::Exchange& exchange);

inline constexpr std::array kLogoutSteps{
    exchange::Step{"check_media_type", check_media_type},
    exchange::Step{"demand_own_page", demand_own_page},
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"read_logout", read_logout},
    exchange::Step{"end_session", end_session},
    exchange::Step{"reply_logged_out", reply_logged_out},
};

}  // namespace gw::endpoints
