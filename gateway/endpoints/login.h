// SPDX-License-Identifier: Apache-2.0
// `POST /login`: a user name (or e-mail address) and a password, for a session. What is wrong with them is
// not told: an unknown user, a wrong password and a disabled account get one answer, after the same work.
#pragma once

#include <array>

#include "endpoints/browser.h"
#include "endpoints/possession.h"
#include "endpoints/request_body.h"
#include "endpoints/session_answer.h"
#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict read_login(exchange::Exchange& exchange);
exchange::Verdict find_account(exchange::Exchange& exchange);     // whose attempts are counted
exchange::Verdict reserve_attempt(exchange::Exchange& exchange);  // before any password is hashed
exchange::Verdict verify_password(exchange::Exchange& exchange);
exchange::Verdict clear_attempts(exchange::Exchange& exchange);

inline constexpr std::array kLoginSteps{
    exchange::Step{"check_media_type", check_media_type},
    exchange::Step{"demand_own_page", demand_own_page},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"read_login", read_login},
    exchange::Step{"read_proof", read_proof},
    exchange::Step{"find_account", find_account},
    exchange::Step{"reserve_attempt", reserve_attempt},
    exchange::Step{"verify_password", verify_password},
    exchange::Step{"clear_attempts", clear_attempts},
    exchange::Step{"use_proof", use_proof},
    exchange::Step{"open_session", open_session},
    exchange::Step{"reply_with_tokens", reply_with_tokens},
};

}  // namespace gw::endpoints
