// SPDX-License-Identifier: Apache-2.0
// The calling thread stands back behind the event loops: it works long, and nobody times it by the
// millisecond.
#pragma once

namespace gw::net {

// For the hashing of passwords: a tenth of an event loop's share where both want the CPU.
inline constexpr int kOfHashing = 10;
inline constexpr int kOfStore = 5;

// A lower share of the CPU than the process's main thread has, where others want it, and short turns; and of
// several CPUs it leaves one alone, so that an event loop that wakes up need not wait for a turn to end.
// Twice is once. What the kernel does not let it do is left as it is.
void stand_back(int niceness);

}  // namespace gw::net
