// SPDX-License-Identifier: Apache-2.0
// `GET /login` and `GET /register`: the pages whose forms go to the endpoints of the same name. Who is signed
// in already is sent on.
#pragma once

#include <array>

#include "exchange/steps.h"

namespace gw::endpoints {

exchange::Verdict send_on_if_signed_in(exchange::Exchange& exchange);
exchange::Verdict show_login_page(exchange::Exchange& exchange);
exchange::Verdict show_register_page(exchange::Exchange& exchange);

inline constexpr std::array kLoginPageSteps{
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"renew_session", exchange::renew_session},
    exchange::Step{"send_on_if_signed_in", send_on_if_signed_in},
    exchange::Step{"show_login_page", show_login_page},
};

inline constexpr std::array kRegisterPageSteps{
    exchange::Step{"find_credentials", exchange::find_credentials},
    exchange::Step{"verify_token", exchange::verify_token},
    exchange::Step{"check_binding", exchange::check_binding},
    exchange::Step{"check_revocation", exchange::check_revocation},
    exchange::Step{"renew_session", exchange::renew_session},
    exchange::Step{"send_on_if_signed_in", send_on_if_signed_in},
    exchange::Step{"show_register_page", show_register_page},
};

}  // namespace gw::endpoints
