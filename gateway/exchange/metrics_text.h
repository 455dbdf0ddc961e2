// SPDX-License-Identifier: Apache-2.0
// The counters of all workers as a scrape gets them. docs/operations.md describes every family.
#pragma once

#include <string>
#include <string_view>

#include "exchange/counters.h"
#include "exchange/metrics_writer.h"

namespace gw::exchange {

std::string format_metrics(const Counters& counters, const ProcessCounters& process, std::string_view version,
                           MetricsFormat format = MetricsFormat::prometheus);

}  // namespace gw::exchange
