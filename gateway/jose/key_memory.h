// SPDX-License-Identifier: Apache-2.0
// Where OpenSSL keeps the private parts of keys, of certificates too: locked, out of core dumps, between
// guard pages. THREAD: the main thread, before a key is read.
#pragma once

#include <cstddef>

namespace gw::jose {

struct KeyMemory {
  std::size_t bytes = 0;  // 0: like any other memory
  bool locked = false;    // never written to swap
};

// Keys of handshakes are made there as well, one a connection until it ends: with fewer connections than that
// there is always room for them.
KeyMemory reserve_key_memory(std::size_t connections);

}  // namespace gw::jose
