// SPDX-License-Identifier: Apache-2.0
#include "cli/schema.h"

#include "config/schema.h"

namespace gw::cli {

int run_schema(std::ostream& out) {
  out << json::dump(config::make_schema()) << '\n';
  return 0;
}

}  // namespace gw::cli
