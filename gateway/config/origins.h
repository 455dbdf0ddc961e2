// SPDX-License-Identifier: Apache-2.0
// Lists of origins, as browsers send them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/node_reader.h"

namespace gw::config {

enum class AnyOrigin : std::uint8_t { refused, allowed };  // "*"

// An origin that no browser would send so is reported: it could never match.
std::vector<std::string> parse_origins(const NodeReader& node, std::string_view key, AnyOrigin any);

}  // namespace gw::config
