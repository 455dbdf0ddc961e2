// SPDX-License-Identifier: Apache-2.0
#include "auth/issuer_documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Discovery, IsAskedForWhereTheSpecificationsSay) {
  EXPECT_THAT(discovery_urls("https://idp"),
              ElementsAre("https://idp/.well-known/openid-configuration",
                          "https://idp/.well-known/oauth-authorization-server"));
  EXPECT_THAT(discovery_urls("https://idp/realms/a/"),
              ElementsAre("https://idp/realms/a/.well-known/openid-configuration",
                          "https://idp/.well-known/oauth-authorization-server/realms/a"));
}

TEST(Discovery, GivesThePlaceOfTheKeys) {
  const auto found =
      read_discovery(R"({"issuer":"https://idp","jwks_uri":"https://keys/x","more":[1]})", "https://idp");
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->text, "https://keys/x");
}

TEST(Discovery, OfAnotherIssuerOrWithoutASafePlaceIsRefused) {
  const auto why = [](std::string_view text) {
    const auto found = read_discovery(text, "https://idp");
    return found ? "taken" : found.error();
  };
  EXPECT_THAT(why(R"({"issuer":"https://idp/","jwks_uri":"https://idp/x"})"), HasSubstr("another issuer"));
  EXPECT_THAT(why(R"({"issuer":["https://idp"],"jwks_uri":"https://idp/x"})"), HasSubstr("another issuer"));
  EXPECT_THAT(why(R"({"issuer":"https://idp"})"), HasSubstr("no `jwks_uri`"));
  EXPECT_THAT(why(R"({"issuer":"https://idp","jwks_uri":"http://idp/x"})"), HasSubstr("plain http"));
  EXPECT_THAT(why(R"({"issuer":"https://idp","jwks_uri":"file:///etc/passwd"})"), HasSubstr("no URL"));
  EXPECT_THAT(why(R"({"issuer":"https://idp","issuer":"https://idp","jwks_uri":"https://idp/x"})"),
              HasSubstr("not JSON"));
  EXPECT_THAT(why("<html>"), HasSubstr("not JSON"));
  EXPECT_THAT(why("[]"), HasSubstr("another issuer"));
}

TEST(Freshness, IsThatOfCacheControlLessTheAge) {
  using std::chrono::seconds;
  EXPECT_EQ(read_freshness("", ""), std::nullopt);
  EXPECT_EQ(read_freshness("public", "5"), std::nullopt);
  EXPECT_EQ(read_freshness("max-age=60", ""), seconds(60));
  EXPECT_EQ(read_freshness("public, Max-Age=60 , must-revalidate", "20"), seconds(40));
  EXPECT_EQ(read_freshness("max-age=\"60\"", ""), seconds(60));
  EXPECT_EQ(read_freshness("max-age=60", "100"), seconds(0));
  EXPECT_EQ(read_freshness("max-age=60, max-age=30", ""), seconds(30));
  EXPECT_EQ(read_freshness("max-age=60, no-store", ""), seconds(0));
  EXPECT_EQ(read_freshness("No-Cache", ""), seconds(0));
  EXPECT_EQ(read_freshness("max-age=-1", ""), seconds(0));
  EXPECT_EQ(read_freshness("max-age=abc", ""), seconds(0));
  EXPECT_EQ(read_freshness("max-age=99999999999999999999", ""), seconds(2147483648));
  EXPECT_EQ(read_freshness("xmax-age=5", ""), std::nullopt);
  EXPECT_EQ(read_freshness(",,=,", "x"), std::nullopt);
}

TEST(KeySnapshot, ReadsBackAsItWasWritten) {
  const KeySnapshot snapshot{"https://idp", "https://idp/jwks", 1'700'000'000, R"({"keys":["\n"]})"};
  const auto read = parse_key_snapshot(format_key_snapshot(snapshot));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->issuer, snapshot.issuer);
  EXPECT_EQ(read->jwks_uri, snapshot.jwks_uri);
  EXPECT_EQ(read->fetched_at, snapshot.fetched_at);
  EXPECT_EQ(read->keys, snapshot.keys);
  for (const char* bad : {"", "{}", "[]", R"({"issuer":"a","jwks_uri":"b","fetched_at":"1","keys":"{}"})",
                          R"({"issuer":"a","jwks_uri":"b","fetched_at":1,"keys":{}})"})
    EXPECT_FALSE(parse_key_snapshot(bad)) << bad;
}

}  // namespace
}  // namespace gw::auth
