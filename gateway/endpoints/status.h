// SPDX-License-Identifier: Apache-2.0
// `GET /api/status` and `GET /api/routes` of the admin address: how the process is, and what it serves.
#pragma once

#include <array>

#include "exchange/step.h"

namespace gw::endpoints {

exchange::Verdict reply_with_status(exchange::Exchange& exchange);
exchange::Verdict reply_with_routes(exchange::Exchange& exchange);

inline constexpr std::array kStatusSteps{exchange::Step{"reply_with_status", reply_with_status}};
inline constexpr std::array kRoutesSteps{exchange::Step{"reply_with_routes", reply_with_routes}};

}  // namespace gw::endpoints
