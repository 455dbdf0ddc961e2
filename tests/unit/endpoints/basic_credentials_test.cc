// SPDX-License-Identifier: Apache-2.0
#include "endpoints/basic_credentials.h"

#include <gtest/gtest.h>

namespace gw::endpoints {
namespace {

TEST(BasicCredentials, AreANameAndAPassword) {
  // RFC 7617 section 2, and 2.1 in UTF-8.
  auto sent = parse_basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->username, "Aladdin");
  EXPECT_EQ(sent->password.reveal(), "open sesame");
  sent = parse_basic("bAsIc  dGVzdDoxMjPCow==");
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->password.reveal(), "123\u00a3");
  sent = parse_basic("Basic YTpiOmM=");
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->password.reveal(), "b:c") << "the first colon parts them";
  sent = parse_basic("Basic YTo=");
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->password.reveal(), "");
}

TEST(BasicCredentials, OfAnyOtherFormAreNone) {
  for (const char* value : {"",
                            "Basic",
                            "Basic ",
                            "Basic  ",
                            "BasicYTpi",
                            "Basic\tYTpi",
                            "Bearer YTpi",
                            "Basic YTpi=",
                            "Basic YTpi YTpi",
                            "Basic YTp",
                            "Basic YTp=",
                            "Basic Y===",
                            "Basic ====",
                            "Basic YWJj",
                            "Basic OmI=",
                            "Basic YTr/",
                            "Basic YTr_",
                            "Basic YTqB",
                            "Basic YToA",
                            "Basic YQ06Yg==",
                            "Basic YTpi\x80",
                            "Basic YTpj, Basic YTpj",
                            "Basic YR=="})
    EXPECT_FALSE(parse_basic(value)) << value;
  EXPECT_FALSE(parse_basic("Basic " + std::string(10'000, 'Y')));
}

}  // namespace
}  // namespace gw::endpoints
