// SPDX-License-Identifier: Apache-2.0
#include "auth/refresh_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/base64url.h"
#include "support/scratch_dir.h"

namespace gw::auth {
namespace {

using testing::HasSubstr;

std::string text_of(const RefreshToken& token) {
  return std::string(token.reveal());
}

TEST(RefreshToken, HasAPrefixAndThirtyTwoBytes) {
  const std::string text = text_of(RefreshToken::make());
  ASSERT_EQ(text.substr(0, 4), "gwr_");
  const auto bytes = base64url_decode(text.substr(4));
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->size(), 32u);
}

TEST(RefreshToken, IsNeverTheSameTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(text_of(RefreshToken::make()));
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(RefreshToken, IsParsedAsItWasMade) {
  const RefreshToken token = RefreshToken::make();
  const auto parsed = RefreshToken::parse(token.reveal());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->reveal(), token.reveal());
  EXPECT_EQ(parsed->hash(), token.hash());
}

TEST(RefreshToken, OfAnotherFormIsMalformed) {
  const std::string good = text_of(RefreshToken::make());
  for (const std::string& text :
       {std::string(), std::string("gwr_"), good + "A", good.substr(0, 46), "GWR_" + good.substr(4),
        " " + good, good.substr(0, 46) + "=", good.substr(0, 20) + "+" + good.substr(21),
        good.substr(0, 46) + "B", "gwa_" + good.substr(4), good.substr(0, 46) + std::string(1, '\0'),
        std::string("eyJhbGciOiJub25lIn0.e30.")}) {
    const auto parsed = RefreshToken::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().fault, Fault::token_malformed);
    EXPECT_THAT(parsed.error().detail, testing::Not(HasSubstr("gwr_"))) << "the log never shows a token";
  }
}

TEST(RefreshToken, HashIsTheSha256OfTheText) {
  const auto token = RefreshToken::parse("gwr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  ASSERT_TRUE(token);
  // printf gwr_AAA… | openssl dgst -sha256 -binary | basenc --base64url
  EXPECT_EQ(base64url_encode(token->hash()), "5aP25YeTHQffw7Aa-LmW08ccRz4bUQUxVp-KdcAzyk8");
}

TEST(RefreshKey, SuccessorIsTheHmacOfTheTokenBefore) {
  const RefreshKey key{SecretString(std::string(32, 'k'))};
  const auto token = RefreshToken::parse("gwr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  // printf gwr_AAA… | openssl dgst -sha256 -hmac kkk… -binary | basenc --base64url
  EXPECT_EQ(key.successor_of(*token).reveal(), "gwr_ADsinYoaVC45Io8aZst_HjbO9eR1acUj9j53t8v3cM4");
}

TEST(RefreshKey, AnotherKeyDerivesAnotherSuccessor) {
  const RefreshToken token = RefreshToken::make();
  const RefreshKey one{SecretString(std::string(32, '1'))};
  const RefreshKey two{SecretString(std::string(32, '2'))};
  EXPECT_EQ(one.successor_of(token).reveal(), one.successor_of(token).reveal());
  EXPECT_NE(one.successor_of(token).reveal(), two.successor_of(token).reveal());
  EXPECT_NE(one.successor_of(token).reveal(), token.reveal());
}

class RefreshKeyFile : public testing::Test {
 protected:
  Result<RefreshKey, std::string> load() { return RefreshKey::load_or_make(dir_.path().string(), warnings_); }

  test::ScratchDir dir_;
  const std::string path_ = dir_ / "refresh.key";
  std::vector<std::string> warnings_;
};

TEST_F(RefreshKeyFile, IsMadeOnceAndForTheOwnerAlone) {
  const RefreshToken token = RefreshToken::make();
  const auto first = load();
  ASSERT_TRUE(first) << first.error();
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600u);
  const auto second = load();
  ASSERT_TRUE(second);
  EXPECT_EQ(first->successor_of(token).reveal(), second->successor_of(token).reveal());
  EXPECT_THAT(warnings_, testing::IsEmpty());
}

TEST_F(RefreshKeyFile, LeavesNothingElseBehind) {
  ASSERT_TRUE(load());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path()), {}), 1);
}

TEST_F(RefreshKeyFile, GivesOneKeyAPurposeAndTheSameAfterARestart) {
  const auto first = load(), again = load();
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->derive("a").reveal(), again->derive("a").reveal());
  EXPECT_NE(first->derive("a").reveal(), first->derive("b").reveal());
  EXPECT_EQ(first->derive("a").reveal().size(), 32u);
}

TEST_F(RefreshKeyFile, OfAnotherSizeIsRefusedByName) {
  std::ofstream(path_) << "short";
  ::chmod(path_.c_str(), 0600);
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error(), testing::AllOf(HasSubstr("refresh.key"), HasSubstr("32 bytes")));
}

TEST_F(RefreshKeyFile, ThatLeadsElsewhereIsRefused) {
  std::filesystem::create_symlink(dir_ / "nowhere", path_);
  EXPECT_FALSE(load());
  EXPECT_FALSE(std::filesystem::exists(dir_ / "nowhere"));
}

TEST_F(RefreshKeyFile, InAMissingDirectoryIsAnErrorByName) {
  const auto loaded = RefreshKey::load_or_make(dir_ / "missing", warnings_);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error(), HasSubstr("missing/refresh.key"));
}

}  // namespace
}  // namespace gw::auth
