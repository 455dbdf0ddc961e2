// SPDX-License-Identifier: Apache-2.0
#include "exchange/services.h"

#include <algorithm>

#include <random>

namespace gw::exchange {

IdSource::IdSource() {
  std::random_device seed;
  for (std::uint64_t& word : state_) word = static_cast<std::uint64_t>(seed()) << 32 | seed();
  state_[0] |= 1;  // all zero would stay all zero
}

// xorshift128+ (Vigna 2014).
std::uint64_t IdSource::next_word() {
  std::uint64_t a = state_[0];
  const std::uint64_t b = state_[1];
  state_[0] = b;
  a ^= a << 23;
  state_[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
  return state_[1] + b;
}

IdSource::Id IdSource::next() {
  static constexpr char kHex[] = "0123456789abcdef";
  Id id;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t word = next_word();
    for (std::size_t i = 0; i < 16; ++i, word >>= 4) id[half * 16 + i] = kHex[word & 15];
  }
  return id;
}

IdSource::SpanId IdSource::next_span() {
  const Id id = next();
  SpanId span;
  std::copy(id.begin(), id.begin() + span.size(), span.begin());
  return span;
}

}  // namespace gw::exchange
