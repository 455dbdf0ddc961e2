// SPDX-License-Identifier: Apache-2.0
// Where secrets are kept: pages of their own that are locked, so that they are never written to swap, and
// left out of core dumps. Where locking is not permitted, or for more than kMost, it is memory like any
// other. THREAD: any.
#pragma once

#include <cstddef>

namespace gw::secret_memory {

constexpr std::size_t kMost = 256 * 1024;

// Never null, as operator new. Give the same size back; it is zeroed then.
char* allocate(std::size_t size);
void release(char* memory, std::size_t size) noexcept;

struct State {
  std::size_t locked = 0;  // bytes
  bool failed = false;     // some of it could not be locked
};
State state();

}  // namespace gw::secret_memory
