// SPDX-License-Identifier: Apache-2.0
#include "jose/algorithm.h"

#include <array>

namespace gw::jose {
namespace {

constexpr std::array<std::string_view, kAlgorithms> kNames{"HS256", "HS384", "HS512", "RS256", "RS384",
                                                           "RS512", "PS256", "PS384", "PS512", "ES256",
                                                           "ES384", "ES512", "EdDSA"};
static_assert(static_cast<std::size_t>(Algorithm::eddsa) + 1 == kNames.size());

}  // namespace

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Algorithm>(i);
  return std::nullopt;
}

std::string_view name_of(Algorithm algorithm) {
  return kNames[static_cast<std::size_t>(algorithm)];
}

bool is_symmetric(Algorithm algorithm) {
  return algorithm <= Algorithm::hs512;
}

}  // namespace gw::jose
