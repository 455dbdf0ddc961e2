// SPDX-License-Identifier: Apache-2.0
// Scalars where any kind may stand, as in YAML's JSON schema: without quotes, `true`, `5` and `0.5` are no
// text.
#pragma once

#include "base/json.h"
#include "config/document.h"

namespace gw::config {

// REQUIRES: text. What came from an environment variable stays text.
json::Value scalar_of(const Node& node);

}  // namespace gw::config
