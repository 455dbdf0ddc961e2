// SPDX-License-Identifier: Apache-2.0
#include "store/resp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::store::resp {
namespace {

using Kind = Value::Kind;

Value read(const std::string& bytes) {
  Reader reader;
  reader.feed(bytes);
  Value value;
  EXPECT_EQ(reader.next(value), State::complete) << bytes << ": " << reader.why();
  return value;
}

State state_of(const std::string& bytes, const Limits& limits = {}) {
  Reader reader(limits);
  reader.feed(bytes);
  Value value;
  return reader.next(value);
}

TEST(Resp, ReadsEveryTypeOfVersionTwo) {
  EXPECT_EQ(read("+OK\r\n").text, "OK");
  EXPECT_TRUE(read("-NOSCRIPT no\r\n").is_error("NOSCRIPT"));
  EXPECT_EQ(read(":-42\r\n").integer, -42);
  EXPECT_EQ(read(std::string("$4\r\na\r\n\0\r\n", 10)).text, std::string("a\r\n\0", 4));
  EXPECT_TRUE(read("$-1\r\n").is_null());
  EXPECT_TRUE(read("*-1\r\n").is_null());
  EXPECT_EQ(read("*0\r\n").kind, Kind::list);
  const Value nested = read("*2\r\n*1\r\n:1\r\n$0\r\n\r\n");
  ASSERT_EQ(nested.list.size(), 2u);
  EXPECT_EQ(nested.list[0].list[0].integer, 1);
  EXPECT_EQ(nested.list[1].text, "");
}

TEST(Resp, ReadsEveryTypeOfVersionThree) {
  EXPECT_TRUE(read("_\r\n").is_null());
  EXPECT_EQ(read("#t\r\n").integer, 1);
  EXPECT_EQ(read(",1.5\r\n").text, "1.5");
  EXPECT_EQ(read("(123456789012345678901234567890\r\n").text, "123456789012345678901234567890");
  EXPECT_EQ(read("=7\r\ntxt:abc\r\n").text, "abc");
  EXPECT_TRUE(read("!5\r\nERR y\r\n").is_error("ERR"));
  EXPECT_EQ(read("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n").list.size(), 4u);
  EXPECT_EQ(read("~1\r\n+a\r\n").list[0].text, "a");
  EXPECT_TRUE(read(">1\r\n+a\r\n").is_push);
  EXPECT_EQ(read("|1\r\n+ttl\r\n:1\r\n+value\r\n").text, "value") << "an attribute is passed over";
  const Value inside = read("*1\r\n|1\r\n+ttl\r\n:1\r\n+value\r\n");
  ASSERT_EQ(inside.list.size(), 1u);
  EXPECT_EQ(inside.list[0].text, "value");
}

TEST(Resp, WaitsForTheRestAndReadsWhatFollows) {
  const std::string bytes = "*2\r\n$3\r\nabc\r\n:7\r\n+next\r\n";
  Reader reader;
  std::vector<Value> values;
  for (const char byte : bytes) {
    reader.feed({&byte, 1});
    Value value;
    while (reader.next(value) == State::complete) values.push_back(std::move(value));
  }
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0].list[0].text, "abc");
  EXPECT_EQ(values[1].text, "next");
}

TEST(Resp, RefusesWhatIsMalformed) {
  for (const char* bytes :
       {"?\r\n", "+a\nb\r\n", "+a\rb\r\n", ":\r\n", ":1x\r\n", ":+1\r\n", "$-2\r\n", "$x\r\n", "=-1\r\n",
        "$3\r\nabcd\r\n", "*-2\r\n", "*1\r\n>1\r\n+a\r\n", "#x\r\n", "_x\r\n", "=3\r\nabc\r\n", "\r\n"})
    EXPECT_EQ(state_of(bytes), State::broken) << bytes;
}

TEST(Resp, BoundsSizeDepthAndCount) {
  const Limits limits{100, 10, 2};
  EXPECT_EQ(state_of("$101\r\n", limits), State::broken) << "before a byte of it has come";
  EXPECT_EQ(state_of("*11\r\n", limits), State::broken);
  EXPECT_EQ(state_of("*1\r\n*1\r\n*1\r\n:1\r\n", limits), State::broken);
  EXPECT_EQ(state_of("*3\r\n$40\r\n" + std::string(40, 'a') + "\r\n$60\r\n" + std::string(60, 'b') + "\r\n",
                     limits),
            State::broken)
      << "each of them would fit";
  EXPECT_EQ(state_of("+" + std::string(70'000, 'a')), State::broken) << "a line without an end";
  EXPECT_EQ(state_of("%9223372036854775807\r\n"), State::broken);
}

TEST(Resp, WritesCommandsThatNoBytesBreak) {
  std::string out;
  append_command(out, {"SET", "a\r\n", std::string_view("\0", 1)});
  EXPECT_EQ(out, std::string("*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$1\r\n\0\r\n", 29));
}

}  // namespace
}  // namespace gw::store::resp
