// SPDX-License-Identifier: Apache-2.0
// What the command line is put together from.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "config/config.h"

namespace gw::cli {

// What a chosen subcommand leaves to be done once parsing has succeeded.
struct Chosen {
  std::function<int()> act;
};

// `file` outlives the command, and is what stands there when the option is not given.
void add_config_option(CLI::App& command, std::string& file);

// Loads the configuration for `act`; 1 after its issues on standard error.
int with_config(const std::string& file, const std::function<int(const config::Config&)>& act);

// explain, test, schema, shadow, attack and diff.
void add_policy_commands(CLI::App& app, std::string& file, Chosen& chosen);

}  // namespace gw::cli
