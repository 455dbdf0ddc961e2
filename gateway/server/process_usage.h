// SPDX-License-Identifier: Apache-2.0
// What the system counts of this process, for the metrics. THREAD: any.
#pragma once

#include "exchange/counters.h"

namespace gw::server {

exchange::ProcessUsage measure_process();

}  // namespace gw::server
