// SPDX-License-Identifier: Apache-2.0
// What a token is known by: a keyed hash of 128 bits (SipHash) of its text. The key is random and of one
// process and place, so that nobody can look for two texts of one hash.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/sip_hash.h"

namespace gw::auth {

// The first half is never 0.
using TokenHash = std::array<std::uint64_t, 2>;

class TokenHasher {
 public:
  TokenHasher();  // with a new key

  TokenHash operator()(std::string_view token) const;
  // For what is no token: spreads, and cannot be aimed at.
  std::uint64_t mix(std::string_view text) const { return SipHash(key_).hash128(text)[0]; }

 private:
  SipHash::Key key_{};
};

}  // namespace gw::auth
