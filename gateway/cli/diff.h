// SPDX-License-Identifier: Apache-2.0
// `gatewarden diff OLD NEW`: which routes, and which requests of an access log, a new configuration decides
// otherwise.
#pragma once

#include <ostream>
#include <string>

namespace gw::cli {

struct DiffCommand {
  std::string before;  // configuration files
  std::string after;
  std::string log;  // an access log in JSON; empty: none
  bool json = false;
};

// 0 when nothing differs, 1 when something does, 2 after a sentence on `err`.
int run_diff(const DiffCommand& command, std::ostream& out, std::ostream& err);

}  // namespace gw::cli
