// SPDX-License-Identifier: Apache-2.0
#include "endpoints/session_cookies.h"

#include <gtest/gtest.h>

namespace gw::endpoints {
namespace {

TEST(SessionCookies, AreOfThisHostAloneAndHiddenFromScripts) {
  const auth::CookieOptions options;
  EXPECT_EQ(format_cookie(options, options.name, "abc.def", 900),
            "__Host-gatewarden=abc.def; Max-Age=900; Path=/; Secure; HttpOnly; SameSite=Lax");
}

TEST(SessionCookies, HaveTheSameSiteAttributeOfTheConfiguration) {
  auth::CookieOptions options;
  options.same_site = auth::SameSite::strict;
  EXPECT_TRUE(format_cookie(options, "c", "v", 1).ends_with("; SameSite=Strict"));
  options.same_site = auth::SameSite::none;
  EXPECT_TRUE(format_cookie(options, "c", "v", 1).ends_with("; Secure; HttpOnly; SameSite=None"));
}

TEST(SessionCookies, BothAreTakenAwayWithTheAttributesTheyWereSetWith) {
  auth::CookieOptions options;
  options.name = "session";
  exchange::Reply reply;
  clear_cookies(options, reply);
  ASSERT_EQ(reply.fields.size(), 2u);
  EXPECT_EQ(reply.fields[0].second, "session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax");
  EXPECT_EQ(reply.fields[1].second, "session-refresh=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax");
}

}  // namespace
}  // namespace gw::endpoints
