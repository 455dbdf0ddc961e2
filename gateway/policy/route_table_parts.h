// SPDX-License-Identifier: Apache-2.0
// What building and searching a route table share: the nodes that are there before any route.
#pragma once

#include "policy/segment_index.h"

namespace gw::policy {

inline constexpr NodeId kAnyHost = 0;
// Parents of the roots by host; not nodes themselves.
inline constexpr NodeId kExactHosts = UINT32_MAX - 1;
inline constexpr NodeId kWildcardHosts = UINT32_MAX - 2;

}  // namespace gw::policy
