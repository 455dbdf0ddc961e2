// SPDX-License-Identifier: Apache-2.0
// `gatewarden attack`: known ways around a gateway, tried against a configuration or a deployed gateway.
#pragma once

#include <ostream>
#include <string>

namespace gw::cli {

struct AttackCommand {
  std::string url;  // of a deployed gateway; empty: one of the configuration, in this process
  std::string ca;   // PEM, that its certificate leads to; empty: the system's
  bool json = false;
};

// 0 when nothing got through, 1 when something did, 2 after a sentence on `err` when it could not be run.
int run_attack(const std::string& file, const AttackCommand& command, std::ostream& out, std::ostream& err);

}  // namespace gw::cli
