// SPDX-License-Identifier: Apache-2.0
// The calling thread stands back behind the event loops: it works long, and nobody times it by the
// millisecond.
#pragma once

namespace gw::net {

// A lower share of the CPU, where others want it, and short turns: who wakes up beside it waits the less.
// What the kernel does not let it do is left as it is.
void stand_back(int niceness);

}  // namespace gw::net
