// SPDX-License-Identifier: Apache-2.0
// Text to tree: the grammar of langdef.md, with its macros. Bounded in size, depth and count of nodes.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "cel/syntax.h"

namespace gw::cel {

Result<std::unique_ptr<Syntax>, Problem> parse(std::string_view text);

}  // namespace gw::cel
