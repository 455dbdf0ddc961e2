// SPDX-License-Identifier: Apache-2.0
#include "auth/token_hash.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace gw::auth {

TokenHasher::TokenHasher() {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key_.data()), sizeof key_) != 1) std::abort();
}

TokenHash TokenHasher::operator()(std::string_view token) const {
  TokenHash hash = SipHash(key_).hash128(token);
  hash[0] |= std::uint64_t{1} << 63;
  return hash;
}

}  // namespace gw::auth
