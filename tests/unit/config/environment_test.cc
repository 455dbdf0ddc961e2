// SPDX-License-Identifier: Apache-2.0
#include "config/environment.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace gw::config {
namespace {

std::optional<std::string> variable(const std::string& name) {
  if (name == "HOST") return "example.com";
  if (name == "EMPTY") return "";
  if (name == "TRICK") return "${HOST}$$";
  if (name == "LATIN1") return "\xE9";
  return std::nullopt;
}

std::string expanded(std::string_view text) {
  const auto out = expand(text, variable);
  return out ? *out : "not expanded: " + out.error().why;
}

TEST(Variables, StandForTheirValues) {
  EXPECT_EQ(expanded("https://${HOST}/x"), "https://example.com/x");
  EXPECT_EQ(expanded("${HOST}${HOST}"), "example.comexample.com");
  EXPECT_EQ(expanded("a${EMPTY}b"), "ab");
}

TEST(Variables, TakeTheirDefaultWhenUnsetOrEmpty) {
  EXPECT_EQ(expanded("${NONE:-8080}"), "8080");
  EXPECT_EQ(expanded("${EMPTY:-8080}"), "8080");
  EXPECT_EQ(expanded("${HOST:-8080}"), "example.com");
  EXPECT_EQ(expanded("${NONE:-}"), "");
  EXPECT_EQ(expanded("${NONE:-a:-b}"), "a:-b");
}

TEST(Variables, AreNotExpandedTwice) {
  EXPECT_EQ(expanded("${TRICK}"), "${HOST}$$");
}

TEST(Dollars, StandForThemselves) {
  EXPECT_EQ(expanded("$$"), "$");
  EXPECT_EQ(expanded("$${HOST}"), "${HOST}");
  EXPECT_EQ(expanded("$argon2id$v=19$m=65536"), "$argon2id$v=19$m=65536");
  EXPECT_EQ(expanded("100$"), "100$");
  EXPECT_EQ(expanded("$HOST"), "$HOST");
}

TEST(Variables, ThatCannotBeReadSayWhatToDo) {
  EXPECT_EQ(expanded("${NONE}"),
            "not expanded: the environment variable NONE is not set (set it, or write ${NONE:-default})");
  for (const char* text : {"${", "${HOST", "${}", "${:-x}", "${1A}", "${A B}", "${A-b}", "${LATIN1}"})
    EXPECT_TRUE(expanded(text).starts_with("not expanded: ")) << text;
}

}  // namespace
}  // namespace gw::config
