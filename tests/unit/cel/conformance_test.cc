// SPDX-License-Identifier: Apache-2.0
// The official conformance cases, as far as they are about what this gateway has of the language. Copyright
// 2024 Google LLC and Buf Technologies, Apache-2.0; from the npm package @bufbuild/cel-spec 0.6.1 (cel-spec
// v0.25.1). docs/policy.md says what is left out.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "cel/program.h"
#include "unit/cel/value_reader.h"

namespace gw::test {
namespace {

bool is_nan(const cel::Value& value) {
  return value.is(cel::Kind::real) && std::isnan(value.as_double());
}

bool same(const cel::Value& a, const cel::Value& b) {
  std::size_t cost = 0;
  return (is_nan(a) && is_nan(b)) || (a.is(b.kind()) && cel::equal(a, b, cost));
}

// Empty when the case holds, else what happened.
std::string run(const json::Value& one) {
  ValueReader reader;
  std::vector<cel::Variable> variables;
  std::vector<cel::Value> values;
  if (const json::Value* bindings = one.find("bindings"))
    for (const auto& [name, value] : *bindings->as_object()) {
      variables.push_back({name, cel::Type::of(cel::Type::What::dyn)});
      values.push_back(reader.read(value));
    }
  const json::Value* wanted = one.find("value");
  auto program = cel::Program::compile(*one.find("expr")->as_string(), variables);
  if (!program) return wanted == nullptr ? "" : "does not compile: " + program.error().what;
  cel::Arena arena;
  const cel::Value got = program->evaluate(values, arena);
  if (wanted == nullptr) return got.is_error() ? "" : "gives a value, not an error";
  if (got.is_error()) return std::string("gives the error ") + got.why();
  return same(got, reader.read(*wanted)) ? "" : "gives another value, a " + std::string(name_of(got.kind()));
}

TEST(Conformance, EveryCaseHolds) {
  std::ifstream file(GW_SOURCE_DIR "/tests/unit/cel/conformance.ndjson");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    const auto one = json::parse(line);
    ASSERT_TRUE(one) << line << ": " << one.error();
    EXPECT_EQ(run(*one), "") << *one->find("name")->as_string() << "\n  " << *one->find("expr")->as_string();
  }
  EXPECT_GT(count, 800u);
}

}  // namespace
}  // namespace gw::test
