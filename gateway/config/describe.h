// SPDX-License-Identifier: Apache-2.0
// A configuration for people who look after it: as it was written, but without its routes (GET /api/routes
// has them as they are in force) and without what may be a secret: keys of that kind, what a variable stands
// for, the keys of a plugin's own, and user names, passwords and queries in URLs.
#pragma once

#include "base/json.h"
#include "config/document.h"

namespace gw::config {

// `root` is a whole configuration without errors.
json::Value describe(const Node& root);

}  // namespace gw::config
