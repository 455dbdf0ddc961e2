// SPDX-License-Identifier: Apache-2.0
#include "upstream/hash.h"

#include <cmath>

namespace gw::upstream {
namespace {

// The finalizer of splitmix64: every bit of the input changes about half of those of the output.
std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t sum = 0xCBF29CE484222325u;  // FNV-1a
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return mix(sum ^ text.size());
}

double bid(std::uint64_t key, std::uint64_t server, unsigned weight) {
  // Of (0, 1): the upper 53 bits, and never 0, whose logarithm is none.
  const double uniform = (static_cast<double>(mix(key ^ server) >> 11) + 0.5) * 0x1p-53;
  return -static_cast<double>(weight) / std::log(uniform);
}

}  // namespace gw::upstream
