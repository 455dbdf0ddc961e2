// SPDX-License-Identifier: Apache-2.0
#include "cel/program.h"

#include <gtest/gtest.h>

namespace gw::cel {
namespace {

using What = Type::What;

const std::vector<std::pair<std::string, const Type*>>& request_members() {
  static const std::vector<std::pair<std::string, const Type*>> members{{"method", Type::of(What::text)},
                                                                        {"size", Type::of(What::integer)}};
  return members;
}

std::vector<Variable> variables() {
  static const Type request{What::object, nullptr, &request_members()};
  static const Type claims{What::map, nullptr, nullptr};
  return {{"claims", &claims}, {"request", &request}, {"now", Type::of(What::timestamp)}};
}

std::string problem_of(std::string_view text, What wanted = What::boolean) {
  const auto program = Program::compile(text, variables(), wanted);
  if (program) return "";
  return std::to_string(program.error().line) + ":" + std::to_string(program.error().column) + ": " +
         program.error().what;
}

TEST(Compile, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(problem_of("claim.sub == 'x'"), "1:1: there is no variable claim (did you mean claims?)");
  EXPECT_EQ(problem_of("true && request.metod == 'GET'"),
            "1:17: there is no field metod here (did you mean method?)");
  EXPECT_EQ(problem_of("request.method.startWith('G')"),
            "1:16: there is no function startWith() (did you mean startsWith?)");
  EXPECT_EQ(problem_of("request.size == 'many'"), "1:14: == does not take (int, string)");
  EXPECT_EQ(problem_of("request.method"), "1:1: the whole is a string, not a bool");
  EXPECT_EQ(problem_of("true &&\n  1"), "2:3: a side of && is a bool, not a int");
  EXPECT_EQ(problem_of("claims.a = 1"), "1:10: one = (equality is ==)");
  EXPECT_EQ(problem_of("'abc"), "1:1: a text that is not closed");
  EXPECT_EQ(problem_of("(true"), "1:6: expected ), found the end of the expression");
  EXPECT_EQ(problem_of(""), "1:1: the expression is empty");
  EXPECT_EQ(problem_of("request.method.matches('(')"),
            "1:24: the pattern is no RE2 expression: missing ): (");
  EXPECT_EQ(problem_of("request.method.matches(claims.pattern)"),
            "1:31: the pattern of matches() is written out as a text, so that it is checked once");
}

TEST(Compile, BoundsSizeAndDepth) {
  EXPECT_NE(problem_of(std::string(kMaxExpressionBytes + 1, ' ')), "");
  EXPECT_NE(problem_of(std::string(5000, '(') + "true" + std::string(5000, ')')), "");
  EXPECT_NE(problem_of(std::string(5000, '!') + "true"), "");
  EXPECT_NE(problem_of("claims" + std::string(5000, '[')), "");
  std::string sum = "1";
  for (int i = 0; i < 1000; ++i) sum += "+1";
  EXPECT_NE(problem_of(sum + " == 1001"), "");
  std::string chain = "claims";
  for (int i = 0; i < 1000; ++i) chain += ".a";
  EXPECT_NE(problem_of(chain), "");
}

Value evaluate(const Program& program, const json::Value& claims, Arena& arena) {
  const std::vector<Value> values{Value::of(claims), Value(), Value::timestamp(1'700'000'000, 0)};
  return program.evaluate(values, arena);
}

std::string outcome(std::string_view text, std::string_view claims) {
  const auto program = Program::compile(text, variables(), What::boolean);
  if (!program) return program.error().what;
  const json::Value parsed = *json::parse(claims);
  Arena arena;
  const Value value = evaluate(*program, parsed, arena);
  return value.is_error() ? value.why() : value.is_true() ? "yes" : "no";
}

TEST(Evaluate, ReadsClaimsAsTheyAre) {
  const char* claims = R"({"sub":"a","roles":["x","admin"],"level":3,"org":{"id":7},"none":null})";
  EXPECT_EQ(outcome("claims.sub == 'a' && 'admin' in claims.roles", claims), "yes");
  EXPECT_EQ(outcome("claims.level >= 3.0 && claims.org.id == 7u", claims), "yes");
  EXPECT_EQ(outcome("claims.roles.exists(r, r.startsWith('ad'))", claims), "yes");
  EXPECT_EQ(outcome("has(claims.org.id) && !has(claims.email)", claims), "yes");
  EXPECT_EQ(outcome("claims.none == null", claims), "yes");
  EXPECT_EQ(outcome("claims['sub'] == 'b'", claims), "no");
  EXPECT_EQ(outcome("now > timestamp('2023-01-01T00:00:00Z')", claims), "yes");
}

TEST(Evaluate, TurnsWhatIsMissingOrOfAnotherKindIntoAnError) {
  EXPECT_EQ(outcome("claims.email == 'a'", "{}"), "no such key");
  EXPECT_EQ(outcome("claims.level > 2", R"({"level":"3"})"), "no such overload");
  EXPECT_EQ(outcome("claims.list[5] == 1", R"({"list":[1]})"), "index out of bounds");
  EXPECT_EQ(outcome("1 / claims.zero == 1", R"({"zero":0})"), "divide by zero");
  // What decides on one side outweighs an error on the other.
  EXPECT_EQ(outcome("claims.email == 'a' || true", "{}"), "yes");
  EXPECT_EQ(outcome("claims.email == 'a' && false", "{}"), "no");
}

TEST(Evaluate, IsBoundedInSteps) {
  std::string list = "1";
  for (int i = 0; i < 100; ++i) list += ",1";
  EXPECT_EQ(
      outcome("claims.l.all(a, claims.l.all(b, claims.l.all(c, a + b + c == 3)))", "{\"l\":[" + list + "]}"),
      "the expression takes more steps than it may");
}

TEST(Evaluate, IsBoundedInMemory) {
  // Each map() doubles the text.
  const std::string doubled =
      "[claims.text].map(a, a + a).map(b, b + b).map(c, c + c).map(d, d + d).map(e, e + e)"
      ".map(f, f + f).map(g, g + g).map(h, h + h).map(i, i + i).map(j, j + j).map(k, k + k)"
      ".map(l, l + l).size() == 1";
  EXPECT_EQ(outcome(doubled, R"({"text":")" + std::string(100, 'x') + "\"}"),
            "the expression makes more than it may");
}

TEST(Evaluate, UsesAnArenaAgain) {
  const auto program = Program::compile("(claims.a + claims.b) == 'xy'", variables(), What::boolean);
  ASSERT_TRUE(program);
  const json::Value claims = *json::parse(R"({"a":"x","b":"y"})");
  Arena arena;
  for (int i = 0; i < 10000; ++i) {
    arena.clear();
    ASSERT_TRUE(evaluate(*program, claims, arena).is_true());
  }
}

}  // namespace
}  // namespace gw::cel
