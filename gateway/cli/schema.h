// SPDX-License-Identifier: Apache-2.0
// `gatewarden schema`: the JSON Schema of a configuration, for editors.
#pragma once

#include <ostream>

namespace gw::cli {

int run_schema(std::ostream& out);

}  // namespace gw::cli
