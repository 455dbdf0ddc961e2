// SPDX-License-Identifier: Apache-2.0
// A set of tokens, 16 bytes each: of many more than fit into the token cache it is remembered that their
// signature was good, or that it was not. A token is known by its keyed hash of 128 bits, signature and all,
// so that a mark holds for these very bytes only. Memory is fixed; marks push each other out.
// THREAD: one worker's.
#pragma once

#include <cstddef>

#include "auth/token_hash.h"
#include "base/zeroed_array.h"

namespace gw::auth {

class TokenMarks {
 public:
  // `bytes` are rounded down to a power of two; with less than 64 it remembers nothing.
  explicit TokenMarks(std::size_t bytes);

  // Before other work, after which contains() will be asked: the table is too large for the processor's
  // cache.
  void prefetch(const TokenHash& token) const {
    if (marks_.size() != 0) marks_.prefetch(first_of_set(token));
  }
  bool contains(const TokenHash& token) const;
  // REQUIRES: not in it.
  void insert(const TokenHash& token);
  void flush();

 private:
  static constexpr std::size_t kWays = 4;  // a cache line
  std::size_t first_of_set(const TokenHash& token) const { return token[1] & (marks_.size() - kWays); }

  ZeroedArray<TokenHash> marks_;  // the first half of one is never 0
  unsigned turn_ = 0;             // whose place is taken next where all are
  bool is_empty_ = true;
};

}  // namespace gw::auth
