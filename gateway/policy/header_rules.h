// SPDX-License-Identifier: Apache-2.0
// Header names that a configuration may not use, because the gateway alone says how a message is framed,
// where it goes and what it was asked for. Names are compared folded, as a legacy server may read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gw::policy {

enum class HeaderUse : std::uint8_t {
  identity,  // tells an upstream who is calling: also not Authorization, Cookie or what describes the content
  request,   // request_headers: also not what the gateway itself sets
  response,  // response_headers
};

// The error is a sentence that begins with the name.
Result<void, std::string> validate_header_name(std::string_view name, HeaderUse use);

// No control characters but a tab, no blanks around.
Result<void, std::string> validate_header_value(std::string_view value);

}  // namespace gw::policy
