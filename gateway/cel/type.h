// SPDX-License-Identifier: Apache-2.0
// What is known of a value before it is there. `dyn` is anything, and is judged when the expression runs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gw::cel {

struct Type {
  enum class What : std::uint8_t {
    dyn,
    null,
    boolean,
    integer,
    uinteger,
    real,
    text,
    bytes,
    list,
    map,
    timestamp,
    duration,
    type,
    object,  // a map whose members are known: any other name is a mistake
  };
  What what = What::dyn;
  const Type* element = nullptr;  // of a list, or the values of a map; null: dyn
  const std::vector<std::pair<std::string, const Type*>>* members = nullptr;  // of an object

  static const Type* of(What what);  // without parts; lives for ever
};

std::string_view name_of(Type::What what);

struct Variable {
  std::string name;
  const Type* type;
};

}  // namespace gw::cel
