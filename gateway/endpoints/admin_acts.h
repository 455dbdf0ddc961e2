// SPDX-License-Identifier: Apache-2.0
// What the admin address does: `POST /api/reload` (as SIGHUP), `POST /api/drain` (as SIGTERM) and
// `POST /api/revoke`, whose answer comes when the revocation is durable and known to every worker.
// A page in a browser of the same host reaches the address too, so none of it is done for one: see
// admit_admin_post().
#pragma once

#include <array>

#include "exchange/steps.h"

namespace gw::endpoints {

// 403 csrf for a browser that another site sent, or that reached us by a name that anybody may have pointed
// here (DNS rebinding); 415 for what an HTML form could send: a body, or an Origin, without JSON's media
// type.
exchange::Verdict admit_admin_post(exchange::Exchange& exchange);
exchange::Verdict reload_configuration(exchange::Exchange& exchange);
exchange::Verdict begin_drain(exchange::Exchange& exchange);
exchange::Verdict read_revocation(exchange::Exchange& exchange);
exchange::Verdict record_revocation(exchange::Exchange& exchange);
exchange::Verdict reach_every_worker(exchange::Exchange& exchange);
exchange::Verdict outlast_revoked(exchange::Exchange& exchange);
exchange::Verdict reply_revoked(exchange::Exchange& exchange);

inline constexpr std::array kReloadSteps{
    exchange::Step{"admit_admin_post", admit_admin_post},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"reload_configuration", reload_configuration},
};
inline constexpr std::array kDrainSteps{
    exchange::Step{"admit_admin_post", admit_admin_post},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"begin_drain", begin_drain},
};
inline constexpr std::array kRevokeSteps{
    exchange::Step{"admit_admin_post", admit_admin_post},
    exchange::Step{"read_small_body", exchange::read_small_body},
    exchange::Step{"read_revocation", read_revocation},
    exchange::Step{"record_revocation", record_revocation},
    exchange::Step{"reach_every_worker", reach_every_worker},
    exchange::Step{"outlast_revoked", outlast_revoked},
    exchange::Step{"reply_revoked", reply_revoked},
};

}  // namespace gw::endpoints
