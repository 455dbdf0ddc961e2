// SPDX-License-Identifier: Apache-2.0
#include "jose/key_memory.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>
#include <bit>

namespace gw::jose {
namespace {

constexpr std::size_t kBlock = 32;           // the least that is given out
constexpr std::size_t kEachConnection = 64;  // X25519: 32, P-256 and P-384: 64
constexpr std::size_t kOwnKeys = 256 * 1024;
constexpr std::size_t kMost = 256 * 1024 * 1024;

}  // namespace

KeyMemory reserve_key_memory(std::size_t connections) {
  const std::size_t wanted = std::min(connections, kMost / kEachConnection) * kEachConnection + kOwnKeys;
  const std::size_t bytes = std::bit_ceil(wanted);
  const int made = CRYPTO_secure_malloc_init(bytes, kBlock);
  ERR_clear_error();
  if (made == 0) return {};
  return {bytes, made == 1};
}

}  // namespace gw::jose
