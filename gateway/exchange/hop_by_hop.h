// SPDX-License-Identifier: Apache-2.0
// Fields of one connection that go no further (RFC 9110 section 7.6.1), in either direction.
#pragma once

#include "http/field.h"

namespace gw::exchange {

// Drops them, and those that Connection names. Call it on what came in, before anything of ours is added, so
// that nobody outside can name ours away. False when Connection names more fields than any honest peer does.
[[nodiscard]] bool drop_hop_by_hop(http::Fields& fields);

}  // namespace gw::exchange
