// SPDX-License-Identifier: Apache-2.0
// `gatewarden audit verify`: whether the audit log is whole.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "config/config.h"

namespace gw::cli {

// Checks `files` as one log, in their order; without any, log.audit.path, whose end is held against the one
// that the gateway keeps. Returns 0, 3 after a line for each flaw (`FILE:LINE: WHAT`), or 1.
int run_audit_verify(const config::Config& config, const std::vector<std::string>& files, std::ostream& out,
                     std::ostream& err);

}  // namespace gw::cli
