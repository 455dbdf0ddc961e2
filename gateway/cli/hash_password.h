// SPDX-License-Identifier: Apache-2.0
// `gatewarden hash-password`: a password in, an Argon2id hash in PHC format out.
#pragma once

#include <istream>
#include <ostream>

#include "auth/options.h"
#include "cli/password_input.h"

namespace gw::cli {

// Reads the first line of `in`, or asks by `prompt` when there is one (standard input is a terminal).
// Returns the exit status.
int run_hash_password(const auth::HashOptions& options, const PasswordPrompt& prompt, std::istream& in,
                      std::ostream& out, std::ostream& err);

}  // namespace gw::cli
