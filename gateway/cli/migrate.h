// SPDX-License-Identifier: Apache-2.0
// `gatewarden store migrate FROM TO`: from the store of one configuration to that of another.
#pragma once

#include <ostream>

#include "config/config.h"

namespace gw::cli {

int run_store_migrate(const config::Config& from, const config::Config& to, std::ostream& out,
                      std::ostream& err);

}  // namespace gw::cli
