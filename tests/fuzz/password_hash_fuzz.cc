// SPDX-License-Identifier: Apache-2.0
// A stored password hash, as any directory may hold it: recognised or not, without a crash and without being
// computed.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/password_hash.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view hash(reinterpret_cast<const char*>(data), size);
  const gw::auth::PasswordHasher hasher(gw::auth::HashOptions{});
  static_cast<void>(gw::auth::PasswordHasher::knows(hash));
  static_cast<void>(hasher.is_outdated(hash));
  return 0;
}
