// SPDX-License-Identifier: Apache-2.0
// What the commands that ask for decisions share.
#pragma once

#include <memory>
#include <ostream>

#include "config/config.h"
#include "server/dry_run.h"

namespace gw::cli {

inline constexpr int kFailed = 1;
inline constexpr int kRefused = 3;

// With everything that `run` would load, and the revocations that are recorded. Null after the issues have
// been written to `err`.
std::unique_ptr<server::DryRun> make_dry_run(const config::Config& config, std::ostream& err);

}  // namespace gw::cli
