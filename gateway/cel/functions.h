// SPDX-License-Identifier: Apache-2.0
// The functions and operators of the language: their names, and what they take and give (langdef.md, "List of
// Standard Definitions"). How they work stands in operations.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "cel/syntax.h"
#include "cel/type.h"

namespace gw::cel {

enum class Function : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  remainder,
  negate,
  negate_bool,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  size,
  contains,
  starts_with,
  ends_with,
  matches,
  lower_ascii,
  upper_ascii,
  to_int,
  to_uint,
  to_double,
  to_text,
  to_bytes,
  to_bool,
  to_timestamp,
  to_duration,
  type_of,
  dyn,
  year,
  month,
  day_of_month,
  date,
  day_of_week,
  day_of_year,
  hours,
  minutes,
  seconds,
  milliseconds,
};

struct Overload {
  std::string_view name;
  Function function;
  enum class Use : std::uint8_t { call, method, both } use;
  Type::What result;
  std::uint8_t count;
  Type::What arguments[2];  // dyn takes anything
};

// All of that name, whatever they take.
std::span<const Overload> overloads_of(std::string_view name);
// Every name, for suggestions.
std::span<const Overload> all_overloads();

}  // namespace gw::cel
