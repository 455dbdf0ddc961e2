// SPDX-License-Identifier: Apache-2.0
// The tokens of an expression (langdef.md, "Syntax").
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cel/syntax.h"

namespace gw::cel {

struct Token {
  enum class What : std::uint8_t { end, name, quoted_name, symbol, integer, uinteger, real, text, bytes };
  What what = What::end;
  std::uint32_t at = 0;
  std::string_view text;  // as written; of texts and bytes: decoded
};

// Decoded literals go to `strings`.
std::optional<Problem> tokenise(std::string_view text, std::deque<std::string>& strings,
                                std::vector<Token>& tokens);

}  // namespace gw::cel
