// SPDX-License-Identifier: Apache-2.0
#include "auth/random_id.h"

#include <openssl/rand.h>

#include <cstdlib>

#include "base/base64url.h"
#include "base/log.h"

namespace gw::auth {

std::string make_random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) == 1) return bytes;
  log::error("the system has no random bytes");
  std::abort();
}

std::string make_random_id() {
  return base64url_encode(make_random_bytes(16));
}

}  // namespace gw::auth
