// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace gw::json {
namespace {

bool parses(std::string_view text, const Limits& limits = {}) {
  return parse(text, limits).ok();
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Json, ReadsEveryKindOfValue) {
  const auto value = parse(R"( {"a": [1, -2, 2.5, 1e3, true, false, null], "b": {"c": "d"}, "": ""} )");
  ASSERT_TRUE(value) << value.error();
  EXPECT_EQ(*value, Value(Object{{"a", Array{1, -2, 2.5, 1000.0, true, false, nullptr}},
                                 {"b", Object{{"c", "d"}}},
                                 {"", ""}}));
}

TEST(Json, ReadsEscapes) {
  const auto value = parse(R"("\"\\\/\b\f\n\r\tA\u0041\u00e9\u20ac\ud83d\ude00")");
  ASSERT_TRUE(value) << value.error();
  EXPECT_EQ(*value, Value("\"\\/\b\f\n\r\tAA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
}

TEST(Json, KeepsWholeNumbersWholeAndOthersAsDoubles) {
  EXPECT_EQ(*parse("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(*parse("-9223372036854775808"), Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_NE(parse("9223372036854775808")->as_double(), nullptr);
  EXPECT_NE(parse("1.0")->as_double(), nullptr);
  EXPECT_NE(parse("1e2")->as_double(), nullptr);
}

TEST(Json, QuotesWhateverStandsAroundPlainText) {
  std::string out = "x";
  for (const char* text : {"", "plain ~", "\"in\\side\"", "end\n",
                           "\x01"
                           "a\x7f",
                           "\xc3\xa9t\xc3\xa9",
                           "a\xff"
                           "b"}) {
    out += ' ';
    append_quoted(out, text);
  }
  EXPECT_EQ(out,
            "x \"\" \"plain ~\" \"\\\"in\\\\side\\\"\" \"end\\n\" \"\\u0001a\\u007f\" \"\xc3\xa9t\xc3\xa9\" "
            "\"a\xEF\xBF\xBD"
            "b\"");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",        " ",        "nul",     "True",       "NaN",         "Infinity",    "+1",
        "01",      "-",        "1.",      ".5",         "1e",          "1e+",         "0x10",
        "'a'",     "\"a",      "\"\\x\"", "\"\\u12\"",  "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "\"\n\"",  "[1,]",     "[,1]",    "[1 2]",      "[1",          "]",           "{",
        "{\"a\"}", "{\"a\":}", "{a:1}",   "{\"a\":1,}", "{1:2}",       "{} {}",       "1 2",
        "// x\n1", "[1]x",     "1e999",   "-1e999"})
    EXPECT_FALSE(parse(text)) << text;
  EXPECT_FALSE(parse("\xEF\xBB\xBF{}"));
  EXPECT_FALSE(parse(std::string_view("1\0", 2)));
}

TEST(Json, RefusesWhatIsNotUtf8) {
  for (const char* text : {"\"\x80\"", "\"\xc0\xaf\"", "\"\xc3\"", "\"\xe0\x80\x80\"", "\"\xed\xa0\x80\"",
                           "\"\xf4\x90\x80\x80\"", "\"\xff\"", "{\"\xc3\x28\":1}"})
    EXPECT_FALSE(parse(text)) << text;
  EXPECT_TRUE(parse("\"\xf4\x8f\xbf\xbf\""));
}

TEST(Json, RefusesANameThatStandsTwice) {
  EXPECT_FALSE(parse(R"({"a":1,"b":2,"a":3})"));
  EXPECT_FALSE(parse(R"({"a":1,"\u0061":2})"));
  EXPECT_TRUE(parse(R"({"a":{"a":1},"A":2})"));
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += "\"n" + std::to_string(i) + "\":1,";
  EXPECT_TRUE(parse(many + "\"x\":1}"));
  EXPECT_FALSE(parse(many + "\"n500\":1}"));
}

TEST(Json, KeepsToItsLimits) {
  EXPECT_TRUE(parse("[[[1]]]", {.depth = 3}));
  EXPECT_FALSE(parse("[[[[1]]]]", {.depth = 3}));
  EXPECT_FALSE(parse(std::string(100'000, '['), {}));
  EXPECT_TRUE(parse("[1,2]", {.values = 3}));
  EXPECT_FALSE(parse("[1,2,3]", {.values = 3}));
  EXPECT_FALSE(parse("\"abc\"", {.bytes = 4}));
}

TEST(Json, WritesWhatItReadsAgain) {
  for (const char* text :
       {R"({"a":[1,2.5,-3.0,1e+300],"b":"\"\\\n\u0001"})", "[]", "{}", "null", "\"\xc3\xa9\"", "-0.0"})
    EXPECT_EQ(*parse(dump(*parse(text))), *parse(text)) << text;
  EXPECT_EQ(dump(Value(2.0)), "2.0");
  EXPECT_EQ(dump(Value(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(dump(Value(std::string("\xff"))), "\"\xEF\xBF\xBD\"");
}

TEST(Json, FindsMembersOfObjectsAlone) {
  const auto value = parse(R"({"s":"a","o":{"x":false}})");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value->find("o")->find("x")->as_bool(), false);
  EXPECT_EQ(value->find("absent"), nullptr);
  EXPECT_EQ(value->find("s")->find("x"), nullptr);
}

TEST(Json, KeepsTheOrderOfMembers) {
  const std::string text = R"({"z":1,"a":2,"m":[]})";
  EXPECT_EQ(dump(*parse(text)), text);
}

TEST(Json, RefusesAByteOrderMarkAndTrailingText) {
  EXPECT_FALSE(parses("\xEF\xBB\xBF{}"));
  EXPECT_FALSE(parses("\xFF\xFE{}"));
  for (const char* text : {"{}x", "{} {}", "1 2", "[],", "{}\v", "null\x01", "\"a\"\"b\""})
    EXPECT_FALSE(parses(text)) << text;
  EXPECT_FALSE(parses(std::string_view("{}\0", 3)));
  EXPECT_TRUE(parses(" \t\r\n{} \t\r\n"));
}

TEST(Json, HoldsDepthToTheLimit) {
  EXPECT_TRUE(parses(nested(32)));
  EXPECT_FALSE(parses(nested(33)));
  EXPECT_FALSE(parses(std::string(100000, '[')));
  EXPECT_FALSE(parses(R"({"a":[{}]})", {.depth = 2}));
  EXPECT_TRUE(parses(R"({"a":[{}]})", {.depth = 3}));
}

TEST(Json, HoldsSizeAndCountToTheLimits) {
  EXPECT_TRUE(parses("[1,2]", {.bytes = 5}));
  EXPECT_FALSE(parses("[1,2] ", {.bytes = 5}));
  EXPECT_TRUE(parses("[1,2]", {.values = 3}));
  EXPECT_FALSE(parses("[1,2]", {.values = 2}));
}

TEST(Json, SetsMembersOnceEach) {
  Value value;
  value.set("a", 1);
  value.set("b", "x");
  value.set("a", 2);
  EXPECT_EQ(dump(value), R"({"a":2,"b":"x"})");
}

TEST(Json, WritesTextThatReadsBackTheSame) {
  const std::string text = "\"\\/\b\f\n\r\t\x01\x7F\xE2\x82\xAC";
  EXPECT_EQ(*parse(dump(Value(text)))->as_string(), text);
  EXPECT_EQ(dump(Value("a\xFF")), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(dump(Value(1.5)), "1.5");
  EXPECT_EQ(dump(Value()), "null");
}

// Another reader is the judge of spoilt documents; we alone refuse names that stand twice.
TEST(Json, AgreesWithAnotherReaderOnSpoiltDocuments) {
  const std::string seed = R"({"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude00"],"b":{"c":"d","e":[]},"f":0.1})";
  std::mt19937 random(7);  // NOLINT: the same documents each time
  const std::string_view bytes = "{}[]\",:\\u0123456789eE+-.truefalsn \t\n\x80\xc3\xa9";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = seed;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1);
      else if (random() % 2 == 0)
        text[at] = bytes[random() % bytes.size()];
      else
        text.insert(at, 1, bytes[random() % bytes.size()]);
    }
    const auto ours = parse(text);
    const bool twice = !ours && ours.error().find("stands twice") != std::string::npos;
    const bool range = !ours && ours.error().find("out of range") != std::string::npos;
    if (twice || range) continue;
    EXPECT_EQ(ours.ok(), nlohmann::json::accept(text)) << text;
  }
}

}  // namespace
}  // namespace gw::json
