// SPDX-License-Identifier: Apache-2.0
// `gatewarden keys list|rotate`: the keys that sign this gateway's tokens. Return the exit status: 0, or 1
// after a sentence on `err`.
#pragma once

#include <ostream>
#include <string>

#include "config/config.h"

namespace gw::cli {

// Makes nothing: before the first start there are none.
int run_keys_list(const config::Config& config, std::ostream& out, std::ostream& err);

// The next key, or a new one, signs from now on, or after `delay` (a duration as in a configuration): returns
// when running gateways have read it and sign with it, or know when they will. The old ones go on verifying
// until their tokens have expired.
int run_keys_rotate(const config::Config& config, const std::string& delay, std::ostream& out,
                    std::ostream& err);

}  // namespace gw::cli
