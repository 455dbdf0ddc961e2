// SPDX-License-Identifier: Apache-2.0
// An expression that has been read and checked. What is wrong with it is found when it is compiled, with its
// place; what goes wrong when it runs is an error value, which whoever decides takes for a no.
// Left out of the language: messages, optional values, IANA time zones, and patterns of matches() that are
// not literals (they are compiled once, by RE2, which is linear in time). THREAD: immutable; any number of
// threads evaluate, each with an Arena of its own.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/syntax.h"
#include "cel/type.h"

namespace re2 {
class RE2;
}

namespace gw::cel {

class Program {
 public:
  // `wanted`: the type that the whole must have; `dyn` for any.
  static Result<Program, Problem> compile(std::string_view text, std::span<const Variable> variables,
                                          Type::What wanted = Type::What::dyn);
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  // What one evaluation may cost: about one a step, and one for each 64 bytes that a step looks at.
  static constexpr std::size_t kCostLimit = 100'000;

  // `values`: of the variables, in the order of their declaration. The result may point into the arena, the
  // program and the values; REQUIRES: the arena was cleared since results of before are no longer used.
  Value evaluate(std::span<const Value> values, Arena& arena) const;

  std::string_view text() const { return syntax_->text; }
  Type::What type() const { return type_; }

 private:
  friend class Checker;
  Program();

  std::unique_ptr<Syntax> syntax_;
  std::vector<std::unique_ptr<re2::RE2>> patterns_;
  Type::What type_ = Type::What::dyn;
};

}  // namespace gw::cel
