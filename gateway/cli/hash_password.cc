// SPDX-License-Identifier: Apache-2.0
#include "cli/hash_password.h"

#include "auth/password_hash.h"

namespace gw::cli {

int run_hash_password(const auth::HashOptions& options, const PasswordPrompt& prompt, std::istream& in,
                      std::ostream& out, std::ostream& err) {
  const PasswordResult password = prompt ? prompt_new_password(prompt) : read_password_line(in);
  if (!password) {
    err << "error: " << password.error() << "\n";
    return 1;
  }
  const auto hash = auth::PasswordHasher(options).hash(*password);
  if (!hash) {
    err << "error: " << hash.error() << "\n";
    return 1;
  }
  out << hash->reveal() << "\n";
  return 0;
}

}  // namespace gw::cli
