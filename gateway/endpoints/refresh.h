// SPDX-License-Identifier: Apache-2.0
// `POST /refresh`: a refresh token, from the body or from the cookie, for a new pair. The account is looked
// up again first: one that is disabled or gone gets no more tokens, and its session ends. A session that is
// bound goes on only where what it is bound to is shown again.
#pragma once

#include <array>

#include "endpoints/possession.h"
#include "endpoints/request_body.h"
#include "endpoints/session_answer.h"
#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict read_refresh_token(exchange::Exchange& exchange);
exchange::Verdict find_session(exchange::Exchange& exchange);  // uses nothing up
exchange::Verdict demand_possession(exchange::Exchange& exchange);
exchange::Verdict look_up_account(exchange::Exchange& exchange);
exchange::Verdict rotate_token(exchange::Exchange& exchange);

inline constexpr std::array kRefreshSteps{
    exchange::Step{"check_media_type", check_media_type},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"read_refresh_token", read_refresh_token},
    exchange::Step{"read_proof", read_proof},
    exchange::Step{"find_session", find_session},
    exchange::Step{"demand_possession", demand_possession},
    exchange::Step{"use_proof", use_proof},
    exchange::Step{"look_up_account", look_up_account},
    exchange::Step{"rotate_token", rotate_token},
    exchange::Step{"reply_with_tokens", reply_with_tokens},
};

}  // namespace gw::endpoints
