// SPDX-License-Identifier: Apache-2.0
#include "endpoints/request_body.h"

#include <gtest/gtest.h>

namespace gw::endpoints {
namespace {

BodyKind kind_of(std::vector<std::string_view> types, std::uint64_t length = 10) {
  http::RequestHead head;
  head.framing = http::Framing::length;
  head.content_length = length;
  for (const std::string_view type : types) head.fields.add("Content-Type", type);
  return body_kind(head);
}

TEST(RequestBody, IsReadByItsMediaTypeWhateverItsParametersAndCase) {
  EXPECT_EQ(kind_of({"application/json"}), BodyKind::json);
  EXPECT_EQ(kind_of({"Application/JSON ; charset=utf-8"}), BodyKind::json);
  EXPECT_EQ(kind_of({"application/x-www-form-urlencoded"}), BodyKind::form);
  for (const char* other :
       {"text/plain", "application/jsonp", "multipart/form-data; boundary=x", "", "application/json,"})
    EXPECT_EQ(kind_of({other}), BodyKind::other) << other;
}

TEST(RequestBody, NeedsOneMediaTypeWhenThereIsABody) {
  EXPECT_EQ(kind_of({}), BodyKind::other);
  EXPECT_EQ(kind_of({"application/json", "application/x-www-form-urlencoded"}), BodyKind::other);
  EXPECT_EQ(kind_of({}, 0), BodyKind::none);
}

TEST(RequestBody, JsonAndFormsMeanTheSame) {
  for (auto [kind, body] : {std::pair(BodyKind::json, R"({"username":"alice b","password":"p%=&"})"),
                            std::pair(BodyKind::form, "username=alice+b&password=p%25%3D%26")}) {
    auto fields = BodyFields::parse(kind, body);
    ASSERT_TRUE(fields);
    EXPECT_EQ(*fields->text("username"), "alice b");
    EXPECT_EQ(fields->take_secret("password")->reveal(), "p%=&");
    EXPECT_EQ(*fields->text("email"), "");
  }
}

TEST(RequestBody, ASecretIsTakenOnce) {
  auto fields = BodyFields::parse(BodyKind::json, R"({"password":"hunter2"})");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->take_secret("password")->reveal(), "hunter2");
  EXPECT_EQ(*fields->text("password"), "");
}

TEST(RequestBody, RefusesJsonThatIsNoObjectOrNotWellFormed) {
  for (const char* body : {"", "{", "[]", "null", "\"alice\"", "1", "{\"a\":1}x", "{\"a\":\"1\",\"a\":\"2\"}",
                           "{\"a\":\"\xFF\"}", "{\"a\":\"\\ud800\"}", "\xEF\xBB\xBF{}", "{'a':'b'}",
                           "{\"a\":NaN}", "{\"a\":[[[[[[[[[[1]]]]]]]]]]}"}) {
    const auto fields = BodyFields::parse(BodyKind::json, body);
    ASSERT_FALSE(fields) << body;
    EXPECT_EQ(fields.error().fault, Fault::bad_request);
  }
}

TEST(RequestBody, RefusesFieldsOfTheWrongKind) {
  auto fields = BodyFields::parse(BodyKind::json, R"({"a":1,"b":["x"],"c":{},"d":true,"e":null,"f":"x"})");
  ASSERT_TRUE(fields);
  for (const char* name : {"a", "b", "c", "d"}) {
    EXPECT_FALSE(fields->text(name)) << name;
    EXPECT_FALSE(fields->take_secret(name)) << name;
  }
  EXPECT_EQ(*fields->text("e"), "");
  EXPECT_EQ(*fields->text("f"), "x");
}

TEST(RequestBody, RefusesAFormThatIsNotUtf8OrAmbiguous) {
  auto fields = BodyFields::parse(BodyKind::form, "username=%FF&password=x");
  ASSERT_TRUE(fields);
  EXPECT_FALSE(fields->text("username"));
  EXPECT_FALSE(BodyFields::parse(BodyKind::form, "username=a&username=b"));
  EXPECT_FALSE(BodyFields::parse(BodyKind::form, "username=%2"));
}

}  // namespace
}  // namespace gw::endpoints
