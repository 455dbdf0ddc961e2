// SPDX-License-Identifier: Apache-2.0
#include "endpoints/browser.h"

#include <gtest/gtest.h>

namespace gw::endpoints {
namespace {

TEST(RedirectTarget, KeepsPathsOfThisOrigin) {
  EXPECT_EQ(redirect_target("/"), "/");
  EXPECT_EQ(redirect_target("/orders?x=1&y=%2F"), "/orders?x=1&y=%2F");
  EXPECT_EQ(redirect_target("/a/b/"), "/a/b/");
  EXPECT_EQ(redirect_target("/search?next=//other.example"), "/search?next=//other.example");
}

TEST(RedirectTarget, IsTheNormalisedFormOfThePath) {
  EXPECT_EQ(redirect_target("/a/./b"), "/a/b");
  EXPECT_EQ(redirect_target("/a//b"), "/a/b");
  EXPECT_EQ(redirect_target("/.//evil.example"), "/evil.example");
}

TEST(RedirectTarget, IsHomeForWhatLeavesThisOrigin) {
  for (const char* next : {"",
                           "//evil.example",
                           "///evil.example",
                           "/\\evil.example",
                           "\\\\evil.example",
                           "https://evil.example/",
                           "https:evil.example",
                           "javascript:alert(1)",
                           "evil.example",
                           "?x=1",
                           "#x",
                           "./x",
                           "*",
                           "//",
                           "/\\",
                           "/%2f/evil.example",
                           "/%5cevil.example",
                           "/..//evil.example",
                           "/../evil",
                           "/a\\..\\b",
                           "/a#b"})
    EXPECT_EQ(redirect_target(next), "/") << next;
}

TEST(RedirectTarget, IsHomeForBytesThatBrowsersDropOrHeadersEndAt) {
  for (const char* next :
       {"/%09/evil.example", "/\t/evil.example", "\t//evil.example", " //evil.example",
        "/a\r\nSet-Cookie: x=1", "/a\n", "/a?b\r\nX: y", "/\x01", "/a b", "/\xC3\xA9", "/a?\x7F"})
    EXPECT_EQ(redirect_target(next), "/") << next;
  EXPECT_EQ(redirect_target(std::string_view("/a\0b", 4)), "/");
  EXPECT_EQ(redirect_target("/" + std::string(4096, 'a')), "/");
}

}  // namespace
}  // namespace gw::endpoints
