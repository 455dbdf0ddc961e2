// SPDX-License-Identifier: Apache-2.0
// `GET /api/decisions/{id}` of the admin address: how the request with that X-Request-Id was decided. 404
// when it is none of the last exchange::kReceipts. `GET /api/decisions?route=…&code=…` lists those that
// agree, the newest first; see kFilters.
#pragma once

#include <array>

#include "endpoints/admin_reads.h"

namespace gw::endpoints {

inline constexpr const char* kDecisionsPath = "/api/decisions";

exchange::Verdict reply_with_receipts(exchange::Exchange& exchange);

inline constexpr std::array kDecisionSteps{
    exchange::Step{"admit_admin_read", admit_admin_read},
    exchange::Step{"reply_with_receipts", reply_with_receipts},
};

}  // namespace gw::endpoints
