// SPDX-License-Identifier: Apache-2.0
// `gatewarden shadow report`: what `enforce: false` and `shadow` let pass, by route, from the access log.
#pragma once

#include <ostream>
#include <string>

namespace gw::cli {

struct ShadowReport {
  std::string log;  // "-": standard input
  bool json = false;
};

// 0, or 1 after a sentence on `err`.
int run_shadow_report(const ShadowReport& command, std::ostream& out, std::ostream& err);

}  // namespace gw::cli
