// SPDX-License-Identifier: Apache-2.0
// `gatewarden plugin check FILE.so`: runs any credential plugin through what docs/plugins.md asks of it, in a
// process of its own, so that a crash is a result too.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "base/secret.h"

namespace gw::cli {

struct PluginCheck {
  std::string file;
  std::vector<std::string> settings;  // KEY=VALUE; a value that is JSON is taken as such
  std::string username;  // of an account that is there; empty: the checks that need one are not run
  SecretString password;
  bool write = false;  // may make, change and remove an account
};

// Returns the exit status: 0 when no check failed, 1 otherwise.
int run_plugin_check(const PluginCheck& check, std::ostream& out, std::ostream& err);

}  // namespace gw::cli
