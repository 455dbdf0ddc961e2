// SPDX-License-Identifier: Apache-2.0
// Holds a tree against the declared variables and the functions: finds names that do not exist and arguments
// that can never fit, gives every variable its slot, and compiles the patterns of matches().
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cel/functions.h"
#include "cel/program.h"

namespace gw::cel {

inline constexpr std::size_t kMaxVariables = 16;              // that are declared
inline constexpr std::size_t kMaxSlots = kMaxVariables + 16;  // with those of macros

class Checker {
 public:
  Checker(Syntax& syntax, std::span<const Variable> variables,
          std::vector<std::unique_ptr<re2::RE2>>& patterns);

  // Null when something is wrong: see problem().
  const Type* run();
  Problem& problem() { return problem_; }

 private:
  struct Local {
    std::string_view name;
    const Type* type;
  };

  const Type* check(Node& node);
  const Type* check_variable(Node& node);
  const Type* check_field(Node& node);
  const Type* check_index(Node& node);
  const Type* check_bools(Node& node);
  const Type* check_choice(Node& node);
  const Type* check_list(Node& node);
  const Type* check_map(Node& node);
  const Type* check_macro(Node& node);
  const Type* check_call(Node& node);
  const Type* check_comparison(const Node& node, const std::vector<const Type*>& arguments);
  const Type* result_of(const Overload& overload, const std::vector<const Type*>& arguments);
  bool compile_pattern(Node& node);
  const Type* expect(Node& node, Type::What wanted, const char* of);
  const Type* make_list(const Type* element);
  const Type* make_map(const Type* element);
  const Type* refuse(const Node& node, std::string what);
  std::string advice_for(std::string_view name) const;
  static Node& child(const Node& node, std::size_t index) { return const_cast<Node&>(*node.children[index]); }

  Syntax& syntax_;
  std::span<const Variable> variables_;
  std::vector<std::unique_ptr<re2::RE2>>& patterns_;
  std::vector<Local> locals_;
  std::deque<Type> types_;
  unsigned depth_ = 0;
  Problem problem_;
};

}  // namespace gw::cel
