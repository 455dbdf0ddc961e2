// SPDX-License-Identifier: Apache-2.0
// `GET /healthz` and `GET /readyz` of the admin address.
#pragma once

#include <array>

#include "exchange/step.h"

namespace gw::endpoints {

exchange::Verdict reply_alive(exchange::Exchange& exchange);  // 200 as long as the process serves
exchange::Verdict reply_ready(exchange::Exchange& exchange);  // 503 until all is loaded, and while draining

inline constexpr std::array kHealthSteps{exchange::Step{"reply_alive", reply_alive}};
inline constexpr std::array kReadySteps{exchange::Step{"reply_ready", reply_ready}};

}  // namespace gw::endpoints
