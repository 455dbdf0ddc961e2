// SPDX-License-Identifier: Apache-2.0
// `GET` and `POST /reset`, when `login.reset` is there: a link by e-mail for who has forgotten the password.
// With `email` it is sent, and the answer is the same whoever has that address; with `token` and `password`
// it is used, once, and every session of the account ends. The link begins with the configured URL, never
// with what a client calls this host.
#pragma once

#include <array>

#include "endpoints/browser.h"
#include "endpoints/new_account.h"
#include "endpoints/request_body.h"
#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict show_reset_page(exchange::Exchange& exchange);
exchange::Verdict read_reset(exchange::Exchange& exchange);
exchange::Verdict limit_resets(exchange::Exchange& exchange);
exchange::Verdict act_on_reset(exchange::Exchange& exchange);  // sends a link, or uses one
exchange::Verdict outlast_reset(exchange::Exchange& exchange);
exchange::Verdict reply_reset(exchange::Exchange& exchange);

inline constexpr std::array kResetPageSteps{
    exchange::Step{"show_reset_page", show_reset_page},
};

inline constexpr std::array kResetSteps{
    exchange::Step{"check_media_type", check_media_type},
    exchange::Step{"demand_own_page", demand_own_page},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"read_reset", read_reset},
    exchange::Step{"check_breached", check_breached},
    exchange::Step{"limit_resets", limit_resets},
    exchange::Step{"act_on_reset", act_on_reset},
    exchange::Step{"outlast_reset", outlast_reset},
    exchange::Step{"reply_reset", reply_reset},
};

}  // namespace gw::endpoints
