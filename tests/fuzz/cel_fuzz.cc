// SPDX-License-Identifier: Apache-2.0
// Expressions: whatever is written compiles or is refused with a place inside the text, and what compiles
// ends within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cel/program.h"

namespace {

using gw::cel::Type;

const gw::json::Value& claims() {
  static const gw::json::Value value =
      *gw::json::parse(R"({"sub":"a","n":3,"d":0.5,"l":[1,"two",[3]],"m":{"k":"v"},"roles":["x","admin"]})");
  return value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Type map{Type::What::map, nullptr, nullptr};
  static const std::vector<gw::cel::Variable> variables{{"claims", &map},
                                                        {"now", Type::of(Type::What::timestamp)}};
  const auto program = gw::cel::Program::compile(text, variables);
  if (!program) {
    if (program.error().what.empty() || program.error().line < 1 || program.error().column < 1) std::abort();
    return 0;
  }
  static gw::cel::Arena arena;
  arena.clear();
  const gw::cel::Value values[]{gw::cel::Value::of(claims()), gw::cel::Value::timestamp(1'700'000'000, 0)};
  const gw::cel::Value result = program->evaluate(values, arena);
  if (result.is_error() && std::string_view(result.why()).empty()) std::abort();
  return 0;
}
