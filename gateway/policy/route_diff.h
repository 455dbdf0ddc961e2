// SPDX-License-Identifier: Apache-2.0
// What a new table of routes changes, and what of it lets requests through that were not let through before.
// The second is found by asking: for every route that changed and every route that could meet it, requests
// are made that both match, and both tables say which route theirs is. So a stricter route that is taken out
// shows, although no line that is left has changed. Cost: routes that changed times routes that they could
// meet. THREAD: any.
#pragma once

#include <string>
#include <vector>

#include "policy/route_table.h"

namespace gw::policy {

struct Widening {
  Place place;       // of the route that lets more through
  std::string what;  // a sentence that names it
};

struct RouteDiff {
  std::vector<std::string> changes;  // "changed NAME: auth: required -> none", "added NAME", "removed NAME"
  std::vector<Widening> widenings;
};

RouteDiff compare(const RouteTable& before, const RouteTable& after);

}  // namespace gw::policy
