// SPDX-License-Identifier: Apache-2.0
// The dashboard of the admin address: `GET /` and its two files. They are the same for everybody; what the
// page shows, its script asks of the API. Nothing of it is served on a listener.
#pragma once

#include <array>

#include "endpoints/admin_reads.h"

namespace gw::endpoints {

exchange::Verdict reply_with_dashboard(exchange::Exchange& exchange);

inline constexpr std::array kDashboardSteps{
    exchange::Step{"admit_admin_read", admit_admin_read},
    exchange::Step{"reply_with_dashboard", reply_with_dashboard},
};

}  // namespace gw::endpoints
