// SPDX-License-Identifier: Apache-2.0
#include "store/sealer.h"

#include <gtest/gtest.h>

#include "store/packed.h"

namespace gw::store {
namespace {

SecretString key(char c) {
  return SecretString(std::string(32, c));
}

TEST(Sealer, OpensWhatItSealedForThatPlaceAlone) {
  const Sealer sealer({key('a')});
  const std::string text("odd \0 text", 10);
  const std::string sealed = sealer.seal(text, "here");
  EXPECT_EQ(sealer.open(sealed, "here"), text);
  EXPECT_EQ(sealer.open(sealed, "there"), std::nullopt);
  EXPECT_EQ(sealed.find("text"), std::string::npos);
  EXPECT_NE(sealer.seal(text, "here"), sealed) << "nothing shows that two are equal";
  EXPECT_EQ(sealer.open(sealer.seal("", "here"), "here"), "");
}

TEST(Sealer, NoticesEveryChangedByte) {
  const Sealer sealer({key('a')});
  const std::string sealed = sealer.seal("text", "here");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(sealer.open(changed, "here"), std::nullopt) << i;
    EXPECT_EQ(sealer.open(sealed.substr(0, i), "here"), std::nullopt) << i;
  }
}

TEST(Sealer, AnOldKeyOpensAndTheFirstSeals) {
  const Sealer old({key('a')}), both({key('b'), key('a')}), next({key('b')});
  const std::string sealed = old.seal("text", "here");
  EXPECT_EQ(both.open(sealed, "here"), "text");
  EXPECT_TRUE(both.is_of_old_key(sealed));
  EXPECT_EQ(next.open(sealed, "here"), std::nullopt);
  EXPECT_EQ(next.open(both.seal("text", "here"), "here"), "text");
  EXPECT_FALSE(both.is_of_old_key(both.seal("text", "here")));
}

TEST(Packed, ComesBackAsItWasAndAsNothingElse) {
  const std::string packed = pack({"", "a:1", std::string_view("\0", 1)});
  const auto texts = unpack(packed, 3);
  ASSERT_TRUE(texts);
  EXPECT_EQ((*texts)[1], "a:1");
  EXPECT_EQ((*texts)[2], std::string(1, '\0'));
  EXPECT_FALSE(unpack(packed, 2));
  EXPECT_FALSE(unpack(packed, 4));
  for (const char* odd : {"1", "1:", "x:a", "-1:a", "99999999999999999999:a", "1:ab"})
    EXPECT_FALSE(unpack(odd, 1)) << odd;
}

}  // namespace
}  // namespace gw::store
