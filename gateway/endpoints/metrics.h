// SPDX-License-Identifier: Apache-2.0
// `GET /metrics` of the admin address: the counters of all workers, as Prometheus text or, to whoever asks
// for it, OpenMetrics.
#pragma once

#include <array>

#include "exchange/step.h"

namespace gw::endpoints {

exchange::Verdict reply_with_metrics(exchange::Exchange& exchange);

inline constexpr std::array kMetricsSteps{exchange::Step{"reply_with_metrics", reply_with_metrics}};

}  // namespace gw::endpoints
