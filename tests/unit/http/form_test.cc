// SPDX-License-Identifier: Apache-2.0
#include "http/form.h"

#include <gtest/gtest.h>

#include <string>

namespace gw::http {
namespace {

TEST(ParseForm, DecodesNamesAndValues) {
  const auto form = parse_form("username=alice+b&p%61ssword=a%26%3D%2b%00%FF&empty=&bare&&x=a=b");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->size(), 5u);
  EXPECT_EQ(*form->find("username"), "alice b");
  EXPECT_EQ(*form->find("password"), std::string("a&=+\0\xFF", 6));
  EXPECT_EQ(*form->find("empty"), "");
  EXPECT_EQ(*form->find("bare"), "");
  EXPECT_EQ(*form->find("x"), "a=b");
  EXPECT_EQ(form->find("Username"), nullptr);
}

TEST(ParseForm, TakesAnEmptyBody) {
  const auto form = parse_form("");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->size(), 0u);
}

TEST(ParseForm, RefusesBadEscapesAndNamesThatStandTwice) {
  for (const char* body : {"a=%", "a=%4", "a=%4g", "%zz=b", "a=%+4", "a=1&a=2", "a=1&%61=2", "a&a"}) {
    const auto form = parse_form(body);
    ASSERT_FALSE(form.ok()) << body;
    EXPECT_EQ(form.error().fault, Fault::bad_request);
  }
}

TEST(ParseForm, TakesSixtyFourPairsAndNotOneMore) {
  std::string body;
  for (int i = 0; i < 64; ++i) body += "n" + std::to_string(i) + "=v&";
  EXPECT_TRUE(parse_form(body).ok());
  EXPECT_FALSE(parse_form(body + "more=v").ok());
}

TEST(IsMediaType, IgnoresParametersAndCase) {
  for (const char* type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;a"})
    EXPECT_TRUE(is_media_type(type, "application/json")) << type;
  for (const char* type :
       {"", "application/jsonx", "application/json, text/html", "text/json", "a;application/json"})
    EXPECT_FALSE(is_media_type(type, "application/json")) << type;
}

}  // namespace
}  // namespace gw::http
