// SPDX-License-Identifier: Apache-2.0
#include "auth/token_marks.h"

#include <bit>

namespace gw::auth {

TokenMarks::TokenMarks(std::size_t bytes)
    : marks_(std::bit_floor(bytes / sizeof(TokenHash)) & ~(kWays - 1)) {}

bool TokenMarks::contains(const TokenHash& token) const {
  if (marks_.size() == 0) return false;
  const std::size_t first = first_of_set(token);
  for (std::size_t i = first; i < first + kWays; ++i)
    if (marks_[i] == token) return true;
  return false;
}

void TokenMarks::insert(const TokenHash& token) {
  if (marks_.size() == 0) return;
  const std::size_t first = first_of_set(token);
  std::size_t place = first + turn_++ % kWays;
  for (std::size_t i = first; i < first + kWays; ++i)
    if (marks_[i][0] == 0) place = i;
  marks_[place] = token;
  is_empty_ = false;
}

void TokenMarks::flush() {
  if (!is_empty_) marks_.clear();
  is_empty_ = true;
}

}  // namespace gw::auth
