// SPDX-License-Identifier: Apache-2.0
#include "base/json_outline.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "base/json.h"

namespace gw::json {
namespace {

using Room = std::array<Outline::Member, Outline::kMaxMembers>;

// Whether there is an outline. If there is, that it says what parse() does.
bool outlines(std::string_view text) {
  Room room;
  const auto outline = read_outline(text, room);
  if (!outline) return false;
  const auto value = parse(text);
  if (!value || value->as_object() == nullptr) {
    ADD_FAILURE() << "parse() refuses " << text;
    return true;
  }
  EXPECT_EQ(outline->members().size(), value->as_object()->size()) << text;
  for (std::size_t i = 0; i < value->as_object()->size(); ++i) {
    const auto& [name, wanted] = (*value->as_object())[i];
    EXPECT_EQ(outline->name(outline->members()[i]), name) << text;
    const Raw raw = outline->value(outline->members()[i]);
    EXPECT_EQ(*parse(raw.text()), wanted) << text;
    EXPECT_EQ(outline->find(name)->text(), raw.text());
    EXPECT_EQ(raw.is_list(), wanted.as_array() != nullptr) << text;
    EXPECT_EQ(raw.is_object(), wanted.as_object() != nullptr) << text;
    EXPECT_EQ(raw.as_string().has_value(), wanted.as_string() != nullptr) << text;
    if (raw.as_string()) {
      EXPECT_EQ(*raw.as_string(), *wanted.as_string()) << text;
    }
    EXPECT_EQ(raw.as_int().has_value(), wanted.as_int() != nullptr) << text;
    if (raw.as_int()) {
      EXPECT_EQ(*raw.as_int(), *wanted.as_int()) << text;
    }
    EXPECT_EQ(raw.as_double().has_value(), wanted.as_double() != nullptr) << text;
    if (raw.as_double()) {
      EXPECT_EQ(*raw.as_double(), *wanted.as_double()) << text;
    }
    Array strings;
    const bool all_are = raw.for_each_string([&](std::string_view s) { strings.emplace_back(s); });
    if (all_are) {
      EXPECT_EQ(Value(strings), wanted) << text;
    }
  }
  return true;
}

TEST(JsonOutline, HasTheMembersThatAreParsed) {
  EXPECT_TRUE(outlines("{}"));
  EXPECT_TRUE(outlines(" { } \n"));
  EXPECT_TRUE(
      outlines(R"({"iss":"https://a","exp":1700000000,"x":-0.5e-3,"":"","t":true,"f":false,"n":null})"));
  EXPECT_TRUE(
      outlines("\t{ \"a\" : [ ] , \"b\" : [ \"x\" ,\n\"y,]\" ] , \"c\" : { \"d\" : [ { } , 1 ] } }\r\n"));
  EXPECT_TRUE(outlines(R"({"l":["a",1,"b"],"m":[["a"]],"k":[""],"o":{"a":1,"b":{"a":1}}})"));
  EXPECT_TRUE(outlines("{\"\xc3\xa9t\xc3\xa9\":\"\xf0\x9f\x98\x80\x7f\"}"));
  EXPECT_TRUE(outlines(
      R"({"a":9223372036854775807,"b":9223372036854775808,"c":-0,"d":0,"e":1E2,"f":-9223372036854775808})"));
}

TEST(JsonOutline, IsNotOfWhatIsNoObjectOrNotWellFormed) {
  for (const char* text : {"",
                           " ",
                           "1",
                           "null",
                           "[]",
                           "\"a\"",
                           "{",
                           "}",
                           "{}x",
                           "{} {}",
                           "{,}",
                           R"({"a"})",
                           R"({"a":})",
                           R"({"a":1,})",
                           R"({"a":1 "b":2})",
                           R"({a:1})",
                           R"({'a':1})",
                           R"({"a":01})",
                           R"({"a":-})",
                           R"({"a":1.})",
                           R"({"a":.5})",
                           R"({"a":1e})",
                           R"({"a":+1})",
                           R"({"a":1e999})",
                           R"({"a":-1e999})",
                           R"({"a":NaN})",
                           R"({"a":tru})",
                           R"({"a":[1,]})",
                           R"({"a":[1)",
                           R"({"a":"b)",
                           R"({"a":{"b":1,}})",
                           R"({"a":1}})",
                           R"({"a":1]})",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\x01\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"\xc3\":1}",
                           "{\"a\":1}\xc3\xa9",
                           "{\v\"a\":1}",
                           "\xef\xbb\xbf{}"})
    EXPECT_FALSE(outlines(text)) << text;
  EXPECT_FALSE(outlines(std::string_view("{\"a\":\"\0\"}", 9)));
  EXPECT_FALSE(outlines(std::string_view("{}\0", 3)));
}

TEST(JsonOutline, IsNotOfADuplicateAnywhere) {
  EXPECT_FALSE(outlines(R"({"sub":"a","exp":1,"sub":"b"})"));
  EXPECT_FALSE(outlines(R"({"":1,"":2})"));
  EXPECT_FALSE(outlines(R"({"a":{"b":1,"c":2,"b":1}})"));
  EXPECT_FALSE(outlines(R"({"a":[{"b":1,"b":1}]})"));
  EXPECT_TRUE(outlines(R"({"a":{"b":1},"b":{"b":1}})"));
}

TEST(JsonOutline, IsNotOfWhatIsNotSimple) {
  EXPECT_FALSE(outlines(R"({"\u0073ub":"a"})"));
  EXPECT_FALSE(outlines(R"({"a":"x\/y"})"));
  const auto members = [](int count) {
    std::string text = "{";
    for (int i = 0; i < count; ++i) text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":0";
    return text + "}";
  };
  EXPECT_TRUE(outlines(members(32)));
  EXPECT_FALSE(outlines(members(33)));
  EXPECT_TRUE(outlines("{\"a\":" + members(16) + "}"));
  EXPECT_FALSE(outlines("{\"a\":" + members(17) + "}"));
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(outlines(nested(7)));
  EXPECT_FALSE(outlines(nested(8)));
  const auto list = [](int count) {
    std::string text = "{\"a\":[0";
    for (int i = 1; i < count; ++i) text += ",0";
    return text + "]}";
  };
  EXPECT_TRUE(outlines(list(511)));
  EXPECT_FALSE(outlines(list(512)));
  EXPECT_TRUE(outlines("{\"a\":\"" + std::string(0xFFFF - 8, 'x') + "\"}"));
  EXPECT_FALSE(outlines("{\"a\":\"" + std::string(0xFFFF - 7, 'x') + "\"}"));
}

// From pieces that meet each other in every order, most of them wrong.
TEST(JsonOutline, NeverSaysMoreThanIsParsed) {
  constexpr std::array<std::string_view, 28> kPieces = {
      "{",      "}",  "[",        "]",    ",",       ":",        "\"a\"",   "\"b\"",   "\"\"",
      "\"a",    "1",  "-",        "0",    ".5",      "e3",       "true",    "null",    " ",
      "\n",     "\\", "\xc3\xa9", "\xc3", "{\"a\":", "{\"a\":1", ",\"b\":", "[\"x\",", "12345678901234567890",
      "\"\\n\""};
  std::mt19937 engine(1);
  int good = 0;
  for (int round = 0; round < 300'000; ++round) {
    std::string text;
    for (auto pieces = 1 + engine() % 9; pieces > 0; --pieces) text += kPieces[engine() % kPieces.size()];
    good += outlines("{\"k\":" + text + "}") ? 1 : 0;
    good += outlines(text) ? 1 : 0;
  }
  EXPECT_GT(good, 1000) << "of 600,000";
}

}  // namespace
}  // namespace gw::json
