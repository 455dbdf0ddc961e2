// SPDX-License-Identifier: Apache-2.0
// An expression as a tree. Nodes know where they begin in the text; what they point to belongs to the Syntax.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "cel/value.h"

namespace gw::cel {

// What is wrong with an expression, and where: both counted from 1, in bytes.
struct Problem {
  int line = 1;
  int column = 1;
  std::size_t offset = 0;  // in the text, from 0
  std::string what;
};

enum class Function : std::uint8_t;  // functions.h

struct Node {
  enum class What : std::uint8_t {
    literal,    // `value`
    variable,   // `name`; `slot` is its place in the frame once checked
    field,      // children[0].name
    has_field,  // has(children[0].name)
    index,      // children[0][children[1]]
    call,       // `name`(children), or children[0].name(...) with `is_method`
    all_of,     // children[0] && children[1], and so on
    any_of,
    choice,  // children[0] ? children[1] : children[2]
    list,    // children
    map,     // children: key, value, key, value ...
    all,     // macros: children[0] is what is gone through, `name` the variable of each
    exists,
    exists_one,
    filter,
    transform,  // map(x, children[1]), or map(x, children[1], children[2]) with a filter first
  };
  What what = What::literal;
  bool is_method = false;
  std::uint32_t at = 0;       // where it begins in the text
  std::uint32_t slot = 0;     // of a variable, or of the one that a macro declares
  Function function{};        // of a call, once checked
  std::uint32_t pattern = 0;  // of matches(), once checked: index of the compiled pattern
  Value value;
  std::string_view name;
  std::vector<const Node*> children;
};

struct Syntax {
  std::string text;
  std::deque<Node> nodes;
  std::deque<std::string> strings;  // literals whose escapes were decoded, and names
  Node* root = nullptr;
};

inline constexpr std::size_t kMaxExpressionBytes = 16 * 1024;
inline constexpr unsigned kMaxDepth = 64;
inline constexpr std::size_t kMaxNodes = 4096;

Problem problem_at(std::string_view text, std::size_t at, std::string what);

}  // namespace gw::cel
