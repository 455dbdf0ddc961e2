// SPDX-License-Identifier: Apache-2.0
// Reads a configuration: text, then tree, then option structs. All that is wrong comes back in one go;
// nothing throws. Also reads the secrets that the file names, and sees that certificates and keys are there
// (their content is judged by who uses them).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/environment.h"
#include "config/issues.h"

namespace gw::config {

struct Loaded {
  std::optional<Config> config;      // nothing when there are errors; warnings leave it
  Issues issues;                     // sorted
  std::vector<std::string> files{};  // that were read or are named, also of one with errors
};

struct LoadOptions {
  std::string file = "gatewarden.yaml";  // as issues name it
  std::string folder = ".";              // relative paths start here
  bool reads_files = true;               // false: no file but the text is looked at
  Environment environment = process_environment();
};

Loaded load(const std::string& path);
Loaded load_text(std::string_view text, const LoadOptions& options);

}  // namespace gw::config
