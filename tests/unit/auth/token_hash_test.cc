// SPDX-License-Identifier: Apache-2.0
#include "auth/token_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace gw::auth {
namespace {

TEST(TokenHash, TellsTextsApartThatDifferInOnePlace) {
  const TokenHasher hasher;
  const std::string text = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl";
  std::set<TokenHash> seen{hasher(text), hasher(""), hasher(text + "1"), hasher(text.substr(1))};
  ASSERT_EQ(seen.size(), 4u);
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string other = text;
    other[at] ^= 1;
    EXPECT_TRUE(seen.insert(hasher(other)).second) << at;
  }
  for (const TokenHash& hash : seen) EXPECT_NE(hash[0], 0u);
  EXPECT_EQ(hasher(text), hasher(std::string(text)));
}

TEST(TokenHash, IsAnotherOneWithAnotherKey) {
  EXPECT_NE(TokenHasher()("a"), TokenHasher()("a"));
}

}  // namespace
}  // namespace gw::auth
