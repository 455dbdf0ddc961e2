// SPDX-License-Identifier: Apache-2.0
// What the gateway serves itself, as step tables by path: the one place that lists them.
#pragma once

#include <vector>

#include "exchange/snapshot.h"

namespace gw::endpoints {

// On the listeners, below `login.prefix`; none without login.
std::vector<exchange::Endpoint> listener_endpoints(const exchange::Snapshot& snapshot);

// On the admin address.
std::vector<exchange::Endpoint> admin_endpoints();

}  // namespace gw::endpoints
