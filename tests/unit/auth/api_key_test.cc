// SPDX-License-Identifier: Apache-2.0
#include "auth/api_key.h"

#include <gtest/gtest.h>

namespace gw::auth {
namespace {

TEST(ApiKey, SaysItsIdAndNoTypingErrorPasses) {
  const NewApiKey key = make_api_key();
  const std::string text(key.text.reveal());
  ASSERT_EQ(find_api_key_id(text), key.id);
  EXPECT_EQ(key.hash, hash_api_key(text));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string wrong = text;
    wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(find_api_key_id(wrong)) << i;
    wrong = text;
    wrong.erase(i, 1);
    EXPECT_FALSE(find_api_key_id(wrong)) << i;
    if (i + 1 == text.size() || text[i] == text[i + 1]) continue;
    wrong = text;
    std::swap(wrong[i], wrong[i + 1]);
    EXPECT_FALSE(find_api_key_id(wrong)) << i;
  }
  EXPECT_FALSE(find_api_key_id(text + "a"));
  EXPECT_FALSE(find_api_key_id(""));
}

TEST(ApiKey, IsAnotherEachTime) {
  EXPECT_NE(make_api_key().text.reveal(), make_api_key().text.reveal());
  EXPECT_NE(make_api_key().id, make_api_key().id);
}

TEST(ApiKey, IsKeptWithWhatItMay) {
  const auto facts = parse_api_key(format_api_key({"h", "a \"name\"", {"a", "b"}, {"r"}, 7}));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->hash, "h");
  EXPECT_EQ(facts->name, "a \"name\"");
  EXPECT_EQ(facts->scopes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(facts->roles, std::vector<std::string>{"r"});
  EXPECT_EQ(facts->created_at, 7);
  for (const char* wrong : {"", "[]", "{}", R"({"hash":1})"}) EXPECT_FALSE(parse_api_key(wrong)) << wrong;
}

}  // namespace
}  // namespace gw::auth
