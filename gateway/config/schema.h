// SPDX-License-Identifier: Apache-2.0
// The JSON Schema (draft 2020-12) of a configuration, for editors: made from the tables that the parsers
// check keys against (section.h), so it knows what they know. It says the form; `gatewarden check` says the
// rest.
#pragma once

#include "base/json.h"

namespace gw::config {

json::Value make_schema();

}  // namespace gw::config
