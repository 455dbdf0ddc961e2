// SPDX-License-Identifier: Apache-2.0
// `GET` and `POST /password`: somebody who is signed in chooses a new password, with the old one. Guesses
// count as failed logins do. Every other session of the account ends; this one goes on.
#pragma once

#include <array>

#include "endpoints/browser.h"
#include "endpoints/new_account.h"
#include "endpoints/request_body.h"
#include "endpoints/sessions.h"
#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict show_password_page(exchange::Exchange& exchange);
exchange::Verdict read_password_change(exchange::Exchange& exchange);
exchange::Verdict find_own_account(exchange::Exchange& exchange);
exchange::Verdict reserve_password_attempt(exchange::Exchange& exchange);
exchange::Verdict change_password(exchange::Exchange& exchange);
exchange::Verdict clear_password_attempts(exchange::Exchange& exchange);
exchange::Verdict end_other_sessions(exchange::Exchange& exchange);
exchange::Verdict end_old_password(exchange::Exchange& exchange);
exchange::Verdict reply_password_changed(exchange::Exchange& exchange);

inline constexpr std::array kPasswordPageSteps{
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"renew_session", exchange::renew_session},
    exchange::Step{"demand_session", demand_session},
    exchange::Step{"show_password_page", show_password_page},
};

inline constexpr std::array kPasswordSteps{
    exchange::Step{"check_media_type", check_media_type},
    exchange::Step{"demand_own_page", demand_own_page},
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"renew_session", exchange::renew_session},
    exchange::Step{"demand_session", demand_session},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"read_password_change", read_password_change},
    exchange::Step{"check_breached", check_breached},
    exchange::Step{"find_own_account", find_own_account},
    exchange::Step{"reserve_password_attempt", reserve_password_attempt},
    exchange::Step{"change_password", change_password},
    exchange::Step{"clear_password_attempts", clear_password_attempts},
    exchange::Step{"end_other_sessions", end_other_sessions},
    exchange::Step{"end_old_password", end_old_password},
    exchange::Step{"reply_password_changed", reply_password_changed},
};

}  // namespace gw::endpoints
