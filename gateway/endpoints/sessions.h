// SPDX-License-Identifier: Apache-2.0
// `GET /sessions`, `DELETE /sessions/{id}`, `DELETE /sessions`: where an account is signed in, and the end of
// it; for its owner, with a token of one of these sessions. `POST /sessions` is the same for forms: `end`
// names one, or is "all".
#pragma once

#include <array>

#include "endpoints/browser.h"
#include "endpoints/request_body.h"
#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict demand_session(exchange::Exchange& exchange);  // a token of a session of ours
exchange::Verdict list_sessions(exchange::Exchange& exchange);
exchange::Verdict reply_with_sessions(exchange::Exchange& exchange);
exchange::Verdict read_session_to_end(exchange::Exchange& exchange);  // of the path, or of the form
exchange::Verdict end_chosen_session(exchange::Exchange& exchange);
exchange::Verdict outlast_sessions(exchange::Exchange& exchange);
exchange::Verdict reply_session_ended(exchange::Exchange& exchange);

inline constexpr std::array kSessionsSteps{
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"renew_session", exchange::renew_session},
    exchange::Step{"demand_session", demand_session},
    exchange::Step{"list_sessions", list_sessions},
    exchange::Step{"reply_with_sessions", reply_with_sessions},
};

inline constexpr std::array kEndSessionSteps{
    exchange::Step{"check_media_type", check_media_type},
    exchange::Step{"demand_own_page", demand_own_page},
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"renew_session", exchange::renew_session},
    exchange::Step{"demand_session", demand_session},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"read_session_to_end", read_session_to_end},
    exchange::Step{"list_sessions", list_sessions},
    exchange::Step{"end_chosen_session", end_chosen_session},
    exchange::Step{"outlast_sessions", outlast_sessions},
    exchange::Step{"reply_session_ended", reply_session_ended},
};

}  // namespace gw::endpoints
