// SPDX-License-Identifier: Apache-2.0
// `gatewarden run` and `gatewarden check`.
#pragma once

#include <string>

namespace gw::cli {

int run_gateway(const std::string& file);

// Loads everything that run would load, binds nothing and writes nothing. 1 with one line an error.
int run_check(const std::string& file);

}  // namespace gw::cli
