// SPDX-License-Identifier: Apache-2.0
// `POST /register`, when `login.register` opens it: a new account in the first backend that can be written,
// and a session for it.
#pragma once

#include <array>

#include "endpoints/browser.h"
#include "endpoints/new_account.h"
#include "endpoints/possession.h"
#include "endpoints/request_body.h"
#include "endpoints/session_answer.h"
#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict read_registration(exchange::Exchange& exchange);
exchange::Verdict create_account(exchange::Exchange& exchange);

inline constexpr std::array kRegisterSteps{
    exchange::Step{"check_media_type", check_media_type},
    exchange::Step{"demand_own_page", demand_own_page},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"read_registration", read_registration},
    exchange::Step{"read_proof", read_proof},
    exchange::Step{"check_breached", check_breached},
    exchange::Step{"create_account", create_account},
    exchange::Step{"use_proof", use_proof},
    exchange::Step{"open_session", open_session},
    exchange::Step{"reply_with_tokens", reply_with_tokens},
};

}  // namespace gw::endpoints
