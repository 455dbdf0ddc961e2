// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 (Aumasson and Bernstein): a keyed hash, so that nobody from outside can aim at one set of
// slots.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gw {

class SipHash {
 public:
  using Key = std::array<std::uint64_t, 2>;

  explicit SipHash(const Key& key)
      : a_(key[0] ^ 0x736f6d6570736575u),
        b_(key[1] ^ 0x646f72616e646f6du),
        c_(key[0] ^ 0x6c7967656e657261u),
        d_(key[1] ^ 0x7465646279746573u) {}

  // Once an object.
  std::uint64_t hash(std::string_view text) {
    absorb_all(text);
    c_ ^= 0xff;
    return finish();
  }

  // 128 bits, which tell any two texts apart.
  std::array<std::uint64_t, 2> hash128(std::string_view text) {
    b_ ^= 0xee;
    absorb_all(text);
    c_ ^= 0xee;
    const std::uint64_t first = finish();
    b_ ^= 0xdd;
    return {first, finish()};
  }

 private:
  void absorb_all(std::string_view text) {
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      absorb(word);
    }
    std::uint64_t last = static_cast<std::uint64_t>(text.size()) << 56;
    for (std::size_t i = 0; at + i < text.size(); ++i)
      last |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at + i])) << (8 * i);
    absorb(last);
  }
  std::uint64_t finish() {
    for (int i = 0; i < 4; ++i) round();
    return a_ ^ b_ ^ c_ ^ d_;
  }
  void absorb(std::uint64_t word) {
    d_ ^= word;
    round();
    round();
    a_ ^= word;
  }
  void round() {
    a_ += b_;
    b_ = std::rotl(b_, 13) ^ a_;
    a_ = std::rotl(a_, 32);
    c_ += d_;
    d_ = std::rotl(d_, 16) ^ c_;
    a_ += d_;
    d_ = std::rotl(d_, 21) ^ a_;
    c_ += b_;
    b_ = std::rotl(b_, 17) ^ c_;
    c_ = std::rotl(c_, 32);
  }

  std::uint64_t a_, b_, c_, d_;
};

}  // namespace gw
