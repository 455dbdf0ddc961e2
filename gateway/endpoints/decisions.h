// SPDX-License-Identifier: Apache-2.0
// `GET /api/decisions/{id}` of the admin address: how the request with that X-Request-Id was decided. 404
// when it is none of the last exchange::kReceipts.
#pragma once

#include <array>

#include "exchange/step.h"

namespace gw::endpoints {

inline constexpr const char* kDecisionsPath = "/api/decisions";

exchange::Verdict reply_with_receipt(exchange::Exchange& exchange);

inline constexpr std::array kDecisionSteps{exchange::Step{"reply_with_receipt", reply_with_receipt}};

}  // namespace gw::endpoints
