// SPDX-License-Identifier: Apache-2.0
#include "base/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace gw {
namespace {

// vectors.h of the reference implementation: the key is 00 01 .. 0f, the text 00 01 02 ..
constexpr SipHash::Key kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string text(int size) {
  std::string made;
  for (int i = 0; i < size; ++i) made.push_back(static_cast<char>(i));
  return made;
}

TEST(SipHash, GivesTheReferenceValues) {
  EXPECT_EQ(SipHash(kKey).hash(""), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(SipHash(kKey).hash(text(15)), 0xa129ca6149be45e5u) << "appendix A of the paper";
  const SipHash::Key empty = SipHash(kKey).hash128("");
  EXPECT_EQ(empty[0], 0xe6a825ba047f81a3u);
  EXPECT_EQ(empty[1], 0x930255c71472f66du);
}

TEST(SipHash, DependsOnEveryByteAndOnTheKey) {
  const std::string base = text(100);
  const auto whole = SipHash(kKey).hash128(base);
  for (std::size_t i = 0; i < base.size(); ++i) {
    std::string changed = base;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(SipHash(kKey).hash128(changed), whole) << i;
  }
  EXPECT_NE(SipHash({kKey[0], kKey[1] ^ 1}).hash128(base), whole);
  EXPECT_NE(SipHash(kKey).hash128(base.substr(1)), whole);
}

}  // namespace
}  // namespace gw
