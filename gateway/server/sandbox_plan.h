// SPDX-License-Identifier: Apache-2.0
// Which files a process with this configuration needs, once it serves and for its reloads.
#pragma once

#include "config/config.h"
#include "sandbox/file_rules.h"

namespace gw::server {

sandbox::FileRules files_of(const config::Config& config);

}  // namespace gw::server
