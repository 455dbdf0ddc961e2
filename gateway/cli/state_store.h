// SPDX-License-Identifier: Apache-2.0
// The store of a configuration, for a command beside a gateway that may be running: it hears within a second
// of what is revoked here. Errors are sentences.
#pragma once

#include <string>

#include "auth/revocations.h"
#include "base/result.h"
#include "config/config.h"

namespace gw::cli {

// Those that are recorded; none when there is no store yet.
Result<auth::Revocations, std::string> load_revocations(const config::Config& config);

// On disk when it returns. Makes the store when there is none.
Result<void, std::string> record_revocation(const config::Config& config, store::Revocation revocation);

}  // namespace gw::cli
