// SPDX-License-Identifier: Apache-2.0
#include "cel/functions.h"

#include <algorithm>
#include <array>

namespace gw::cel {
namespace {

using F = Function;
using T = Type::What;
constexpr auto kCall = Overload::Use::call, kMethod = Overload::Use::method, kBoth = Overload::Use::both;

// Those of one name stand together.
constexpr std::array kOverloads{
    Overload{"+", F::add, kCall, T::integer, 2, {T::integer, T::integer}},
    Overload{"+", F::add, kCall, T::uinteger, 2, {T::uinteger, T::uinteger}},
    Overload{"+", F::add, kCall, T::real, 2, {T::real, T::real}},
    Overload{"+", F::add, kCall, T::text, 2, {T::text, T::text}},
    Overload{"+", F::add, kCall, T::bytes, 2, {T::bytes, T::bytes}},
    Overload{"+", F::add, kCall, T::list, 2, {T::list, T::list}},
    Overload{"+", F::add, kCall, T::duration, 2, {T::duration, T::duration}},
    Overload{"+", F::add, kCall, T::timestamp, 2, {T::timestamp, T::duration}},
    Overload{"+", F::add, kCall, T::timestamp, 2, {T::duration, T::timestamp}},
    Overload{"-", F::subtract, kCall, T::integer, 2, {T::integer, T::integer}},
    Overload{"-", F::subtract, kCall, T::uinteger, 2, {T::uinteger, T::uinteger}},
    Overload{"-", F::subtract, kCall, T::real, 2, {T::real, T::real}},
    Overload{"-", F::subtract, kCall, T::duration, 2, {T::duration, T::duration}},
    Overload{"-", F::subtract, kCall, T::timestamp, 2, {T::timestamp, T::duration}},
    Overload{"-", F::subtract, kCall, T::duration, 2, {T::timestamp, T::timestamp}},
    Overload{"*", F::multiply, kCall, T::integer, 2, {T::integer, T::integer}},
    Overload{"*", F::multiply, kCall, T::uinteger, 2, {T::uinteger, T::uinteger}},
    Overload{"*", F::multiply, kCall, T::real, 2, {T::real, T::real}},
    Overload{"/", F::divide, kCall, T::integer, 2, {T::integer, T::integer}},
    Overload{"/", F::divide, kCall, T::uinteger, 2, {T::uinteger, T::uinteger}},
    Overload{"/", F::divide, kCall, T::real, 2, {T::real, T::real}},
    Overload{"%", F::remainder, kCall, T::integer, 2, {T::integer, T::integer}},
    Overload{"%", F::remainder, kCall, T::uinteger, 2, {T::uinteger, T::uinteger}},
    Overload{"-_", F::negate, kCall, T::integer, 1, {T::integer}},
    Overload{"-_", F::negate, kCall, T::real, 1, {T::real}},
    Overload{"!_", F::negate_bool, kCall, T::boolean, 1, {T::boolean}},
    Overload{"==", F::equal, kCall, T::boolean, 2, {T::dyn, T::dyn}},
    Overload{"!=", F::not_equal, kCall, T::boolean, 2, {T::dyn, T::dyn}},
    Overload{"<", F::less, kCall, T::boolean, 2, {T::dyn, T::dyn}},
    Overload{"<=", F::less_equal, kCall, T::boolean, 2, {T::dyn, T::dyn}},
    Overload{">", F::greater, kCall, T::boolean, 2, {T::dyn, T::dyn}},
    Overload{">=", F::greater_equal, kCall, T::boolean, 2, {T::dyn, T::dyn}},
    Overload{"in", F::in, kCall, T::boolean, 2, {T::dyn, T::list}},
    Overload{"in", F::in, kCall, T::boolean, 2, {T::dyn, T::map}},
    Overload{"size", F::size, kBoth, T::integer, 1, {T::text}},
    Overload{"size", F::size, kBoth, T::integer, 1, {T::bytes}},
    Overload{"size", F::size, kBoth, T::integer, 1, {T::list}},
    Overload{"size", F::size, kBoth, T::integer, 1, {T::map}},
    Overload{"contains", F::contains, kMethod, T::boolean, 2, {T::text, T::text}},
    Overload{"startsWith", F::starts_with, kMethod, T::boolean, 2, {T::text, T::text}},
    Overload{"endsWith", F::ends_with, kMethod, T::boolean, 2, {T::text, T::text}},
    Overload{"matches", F::matches, kBoth, T::boolean, 2, {T::text, T::text}},
    Overload{"lowerAscii", F::lower_ascii, kMethod, T::text, 1, {T::text}},
    Overload{"upperAscii", F::upper_ascii, kMethod, T::text, 1, {T::text}},
    Overload{"int", F::to_int, kCall, T::integer, 1, {T::integer}},
    Overload{"int", F::to_int, kCall, T::integer, 1, {T::uinteger}},
    Overload{"int", F::to_int, kCall, T::integer, 1, {T::real}},
    Overload{"int", F::to_int, kCall, T::integer, 1, {T::text}},
    Overload{"int", F::to_int, kCall, T::integer, 1, {T::timestamp}},
    Overload{"uint", F::to_uint, kCall, T::uinteger, 1, {T::integer}},
    Overload{"uint", F::to_uint, kCall, T::uinteger, 1, {T::uinteger}},
    Overload{"uint", F::to_uint, kCall, T::uinteger, 1, {T::real}},
    Overload{"uint", F::to_uint, kCall, T::uinteger, 1, {T::text}},
    Overload{"double", F::to_double, kCall, T::real, 1, {T::integer}},
    Overload{"double", F::to_double, kCall, T::real, 1, {T::uinteger}},
    Overload{"double", F::to_double, kCall, T::real, 1, {T::real}},
    Overload{"double", F::to_double, kCall, T::real, 1, {T::text}},
    Overload{"string", F::to_text, kCall, T::text, 1, {T::integer}},
    Overload{"string", F::to_text, kCall, T::text, 1, {T::uinteger}},
    Overload{"string", F::to_text, kCall, T::text, 1, {T::real}},
    Overload{"string", F::to_text, kCall, T::text, 1, {T::text}},
    Overload{"string", F::to_text, kCall, T::text, 1, {T::bytes}},
    Overload{"string", F::to_text, kCall, T::text, 1, {T::boolean}},
    Overload{"string", F::to_text, kCall, T::text, 1, {T::timestamp}},
    Overload{"string", F::to_text, kCall, T::text, 1, {T::duration}},
    Overload{"bytes", F::to_bytes, kCall, T::bytes, 1, {T::text}},
    Overload{"bytes", F::to_bytes, kCall, T::bytes, 1, {T::bytes}},
    Overload{"bool", F::to_bool, kCall, T::boolean, 1, {T::boolean}},
    Overload{"bool", F::to_bool, kCall, T::boolean, 1, {T::text}},
    Overload{"timestamp", F::to_timestamp, kCall, T::timestamp, 1, {T::text}},
    Overload{"timestamp", F::to_timestamp, kCall, T::timestamp, 1, {T::timestamp}},
    Overload{"timestamp", F::to_timestamp, kCall, T::timestamp, 1, {T::integer}},
    Overload{"duration", F::to_duration, kCall, T::duration, 1, {T::text}},
    Overload{"duration", F::to_duration, kCall, T::duration, 1, {T::duration}},
    Overload{"type", F::type_of, kCall, T::type, 1, {T::dyn}},
    Overload{"dyn", F::dyn, kCall, T::dyn, 1, {T::dyn}},
    Overload{"getFullYear", F::year, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getFullYear", F::year, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getMonth", F::month, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getMonth", F::month, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getDayOfMonth", F::day_of_month, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getDayOfMonth", F::day_of_month, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getDate", F::date, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getDate", F::date, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getDayOfWeek", F::day_of_week, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getDayOfWeek", F::day_of_week, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getDayOfYear", F::day_of_year, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getDayOfYear", F::day_of_year, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getHours", F::hours, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getHours", F::hours, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getHours", F::hours, kMethod, T::integer, 1, {T::duration}},
    Overload{"getMinutes", F::minutes, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getMinutes", F::minutes, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getMinutes", F::minutes, kMethod, T::integer, 1, {T::duration}},
    Overload{"getSeconds", F::seconds, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getSeconds", F::seconds, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getSeconds", F::seconds, kMethod, T::integer, 1, {T::duration}},
    Overload{"getMilliseconds", F::milliseconds, kMethod, T::integer, 1, {T::timestamp}},
    Overload{"getMilliseconds", F::milliseconds, kMethod, T::integer, 2, {T::timestamp, T::text}},
    Overload{"getMilliseconds", F::milliseconds, kMethod, T::integer, 1, {T::duration}},
};

}  // namespace

std::span<const Overload> all_overloads() {
  return kOverloads;
}

std::span<const Overload> overloads_of(std::string_view name) {
  const auto has_name = [&](const Overload& overload) { return overload.name == name; };
  const auto first = std::find_if(kOverloads.begin(), kOverloads.end(), has_name);
  const auto last = std::find_if_not(first, kOverloads.end(), has_name);
  return {first, last};
}

const Type* Type::of(What what) {
  static const std::array<Type, 14> kTypes = [] {
    std::array<Type, 14> types;
    for (std::size_t i = 0; i < types.size(); ++i) types[i].what = static_cast<What>(i);
    return types;
  }();
  return &kTypes[static_cast<std::size_t>(what)];
}

std::string_view name_of(Type::What what) {
  constexpr std::array<std::string_view, 14> kNames{"dyn",       "null",     "bool",  "int",  "uint",
                                                    "double",    "string",   "bytes", "list", "map",
                                                    "timestamp", "duration", "type",  "map"};
  return kNames[static_cast<std::size_t>(what)];
}

}  // namespace gw::cel
