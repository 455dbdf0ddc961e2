// SPDX-License-Identifier: Apache-2.0
// The only place that knows the command line.
#pragma once

namespace gw::cli {

// Returns the exit status of the contract.
int run_command_line(int argc, char** argv);

}  // namespace gw::cli
