// SPDX-License-Identifier: Apache-2.0
#include "http/cookie.h"

#include <gtest/gtest.h>

#include <string>

namespace gw::http {
namespace {

constexpr std::string_view kName = "__Host-gatewarden";

TEST(FindCookie, GivesTheValueAsSent) {
  for (const char* field : {"__Host-gatewarden=a.b=c", "x=y; __Host-gatewarden=a.b=c",
                            "__Host-gatewarden=a.b=c;x=y", "x=y;\t__Host-gatewarden = a.b=c ;"}) {
    const CookieMatch match = find_cookie(field, kName);
    EXPECT_EQ(match.count, 1u) << field;
    EXPECT_EQ(match.value, "a.b=c") << field;
  }
}

TEST(FindCookie, CountsEveryCookieOfTheName) {
  const CookieMatch match =
      find_cookie("__Host-gatewarden=a; x=y; __Host-gatewarden=b;__Host-gatewarden", kName);
  EXPECT_EQ(match.count, 3u);
  EXPECT_EQ(match.value, "a");
}

TEST(FindCookie, FindsNoOtherName) {
  for (const char* field : {"", ";", "=", "__host-gatewarden=a", "__Host-gatewarden2=a",
                            "a=__Host-gatewarden=b", "x__Host-gatewarden=a"})
    EXPECT_EQ(find_cookie(field, kName).count, 0u) << field;
}

TEST(WithoutCookies, LeavesTheOthersInTheirOrder) {
  struct Row {
    const char* given;
    const char* wanted;
  };
  for (const Row& row : {Row{"a=b; __Host-gatewarden=x; c=d", "a=b; c=d"}, Row{"__Host-gatewarden=x", ""},
                         Row{"__Host-gatewarden=x; __Host-gatewarden-refresh=y;a=b", "a=b"},
                         Row{"a=b;__HOST-Gatewarden =x", "a=b"}, Row{"a=b; __Host-gatewarden", "a=b"},
                         Row{"a=\"__Host-gatewarden\"; __Host-gatewarden=x", "a=\"__Host-gatewarden\""}}) {
    std::string scratch;
    EXPECT_EQ(without_cookies(row.given, kName, scratch), row.wanted) << row.given;
  }
}

TEST(WithoutCookies, CopiesNothingWhenThereIsNone) {
  const std::string field = "a=b;c=d ; e";
  std::string scratch;
  const std::string_view left = without_cookies(field, kName, scratch);
  EXPECT_EQ(left, field);
  EXPECT_EQ(left.data(), field.data());
}

}  // namespace
}  // namespace gw::http
