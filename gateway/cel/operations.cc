// SPDX-License-Identifier: Apache-2.0
#include "cel/operations.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/utf8.h"
#include "cel/time.h"

namespace gw::cel {
namespace {

constexpr const char* kNoOverload = "no such overload";
constexpr const char* kTooLarge = "the expression makes more than it may";
constexpr const char* kRange = "out of range";
constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

Value keep_text(std::string_view text, Kind kind, Arena& arena, std::size_t& cost) {
  cost += text.size() / 64;
  const std::span<char> room = arena.make<char>(text.size());
  if (room.size() != text.size()) return Value::error(kTooLarge);
  std::copy(text.begin(), text.end(), room.begin());
  const std::string_view kept(room.data(), room.size());
  return kind == Kind::text ? Value::text(kept) : Value::bytes(kept);
}

Value concatenate(const Value& a, const Value& b, Arena& arena, std::size_t& cost) {
  const std::string_view first = a.as_text(), second = b.as_text();
  cost += (first.size() + second.size()) / 64;
  const std::span<char> room = arena.make<char>(first.size() + second.size());
  if (room.size() != first.size() + second.size()) return Value::error(kTooLarge);
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), room.begin()));
  const std::string_view kept(room.data(), room.size());
  return a.is(Kind::text) ? Value::text(kept) : Value::bytes(kept);
}

Value join_lists(const Value& a, const Value& b, Arena& arena, std::size_t& cost) {
  const std::size_t size = a.size() + b.size();
  cost += size;
  const std::span<Value> room = arena.make<Value>(size);
  if (room.size() != size) return Value::error(kTooLarge);
  for (std::size_t i = 0; i < size; ++i) room[i] = i < a.size() ? a.at(i) : b.at(i - a.size());
  return Value::list(std::span<const Value>(room));
}

Value add_times(const Value& a, const Value& b, int sign) {
  const std::int64_t seconds = a.seconds() + sign * b.seconds();
  const std::int64_t nanos = std::int64_t{a.nanos()} + sign * b.nanos();
  const bool both = a.is(b.kind());
  if (a.is(Kind::duration) && both) return make_duration(seconds, nanos);
  if (a.is(Kind::timestamp) && both)
    return sign < 0 ? make_duration(seconds, nanos) : Value::error(kNoOverload);
  if (a.is(Kind::duration) && sign < 0) return Value::error(kNoOverload);
  return make_timestamp(seconds, nanos);
}

bool is_time(const Value& value) {
  return value.is(Kind::timestamp) || value.is(Kind::duration);
}

Value integers(Function function, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflows = false;
  switch (function) {
    case Function::add:
      overflows = __builtin_add_overflow(a, b, &result);
      break;
    case Function::subtract:
      overflows = __builtin_sub_overflow(a, b, &result);
      break;
    case Function::multiply:
      overflows = __builtin_mul_overflow(a, b, &result);
      break;
    case Function::divide:
    case Function::remainder:
      if (b == 0) return Value::error(function == Function::divide ? "divide by zero" : "modulus by zero");
      overflows = a == std::numeric_limits<std::int64_t>::min() && b == -1;
      if (!overflows) result = function == Function::divide ? a / b : a % b;
      break;
    default:
      return Value::error(kNoOverload);
  }
  return overflows ? Value::error("integer overflow") : Value::integer(result);
}

Value uintegers(Function function, std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  bool overflows = false;
  switch (function) {
    case Function::add:
      overflows = __builtin_add_overflow(a, b, &result);
      break;
    case Function::subtract:
      overflows = __builtin_sub_overflow(a, b, &result);
      break;
    case Function::multiply:
      overflows = __builtin_mul_overflow(a, b, &result);
      break;
    case Function::divide:
    case Function::remainder:
      if (b == 0) return Value::error(function == Function::divide ? "divide by zero" : "modulus by zero");
      result = function == Function::divide ? a / b : a % b;
      break;
    default:
      return Value::error(kNoOverload);
  }
  return overflows ? Value::error("integer overflow") : Value::uinteger(result);
}

Value reals(Function function, double a, double b) {
  switch (function) {
    case Function::add:
      return Value::real(a + b);
    case Function::subtract:
      return Value::real(a - b);
    case Function::multiply:
      return Value::real(a * b);
    case Function::divide:
      return Value::real(a / b);
    default:
      return Value::error(kNoOverload);
  }
}

Value calculate(Function function, const Value& a, const Value& b, Arena& arena, std::size_t& cost) {
  if (is_time(a) && is_time(b) && (function == Function::add || function == Function::subtract))
    return add_times(a, b, function == Function::add ? 1 : -1);
  if (!a.is(b.kind())) return Value::error(kNoOverload);
  switch (a.kind()) {
    case Kind::integer:
      return integers(function, a.as_int(), b.as_int());
    case Kind::uinteger:
      return uintegers(function, a.as_uint(), b.as_uint());
    case Kind::real:
      return reals(function, a.as_double(), b.as_double());
    case Kind::text:
    case Kind::bytes:
      return function == Function::add ? concatenate(a, b, arena, cost) : Value::error(kNoOverload);
    case Kind::list:
      return function == Function::add ? join_lists(a, b, arena, cost) : Value::error(kNoOverload);
    default:
      return Value::error(kNoOverload);
  }
}

Value negate(const Value& of) {
  if (of.is(Kind::real)) return Value::real(-of.as_double());
  if (!of.is(Kind::integer)) return Value::error(kNoOverload);
  return integers(Function::subtract, 0, of.as_int());
}

Value order(Function function, const Value& a, const Value& b, std::size_t& cost) {
  const bool comparable = (a.is_number() && b.is_number()) || a.is(b.kind());
  if (!comparable || a.is(Kind::list) || a.is(Kind::map) || a.is(Kind::null) || a.is(Kind::type))
    return Value::error(kNoOverload);
  if (a.is(Kind::text) || a.is(Kind::bytes)) cost += std::min(a.as_text().size(), b.as_text().size()) / 64;
  const auto order = compare(a, b);
  if (!order) return Value::boolean(false);  // NaN
  switch (function) {
    case Function::less:
      return Value::boolean(*order < 0);
    case Function::less_equal:
      return Value::boolean(*order <= 0);
    case Function::greater:
      return Value::boolean(*order > 0);
    default:
      return Value::boolean(*order >= 0);
  }
}

Value contains(const Value& element, const Value& in, std::size_t& cost) {
  if (in.is(Kind::map)) {
    cost += in.size();
    return Value::boolean(in.find(element).has_value());
  }
  if (!in.is(Kind::list)) return Value::error(kNoOverload);
  for (std::size_t i = 0; i < in.size(); ++i)
    if (equal(in.at(i), element, cost)) return Value::boolean(true);
  return Value::boolean(false);
}

Value size_of(const Value& of, std::size_t& cost) {
  if (of.is(Kind::list) || of.is(Kind::map)) return Value::integer(static_cast<std::int64_t>(of.size()));
  if (of.is(Kind::bytes)) return Value::integer(static_cast<std::int64_t>(of.as_text().size()));
  if (!of.is(Kind::text)) return Value::error(kNoOverload);
  cost += of.as_text().size() / 64;
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return Value::integer(std::count_if(of.as_text().begin(), of.as_text().end(), begins));
}

Value search(Function function, const Value& in, const Value& part, std::size_t& cost) {
  if (!in.is(Kind::text) || !part.is(Kind::text)) return Value::error(kNoOverload);
  const std::string_view text = in.as_text(), wanted = part.as_text();
  if (function == Function::starts_with) return Value::boolean(text.starts_with(wanted));
  if (function == Function::ends_with) return Value::boolean(text.ends_with(wanted));
  // The search of the library may take the product of both.
  cost += text.size() * std::max<std::size_t>(wanted.size(), 1) / 256;
  return Value::boolean(text.find(wanted) != std::string_view::npos);
}

Value change_case(Function function, const Value& of, Arena& arena, std::size_t& cost) {
  if (!of.is(Kind::text)) return Value::error(kNoOverload);
  cost += of.as_text().size() / 64;
  const std::span<char> room = arena.make<char>(of.as_text().size());
  if (room.size() != of.as_text().size()) return Value::error(kTooLarge);
  const bool lower = function == Function::lower_ascii;
  std::transform(of.as_text().begin(), of.as_text().end(), room.begin(), [lower](char c) {
    if (lower) return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return Value::text({room.data(), room.size()});
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  if (text.starts_with('+')) return false;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

Value to_int(const Value& of) {
  std::int64_t number = 0;
  switch (of.kind()) {
    case Kind::integer:
      return of;
    case Kind::uinteger:
      if (of.as_uint() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) break;
      return Value::integer(static_cast<std::int64_t>(of.as_uint()));
    case Kind::real:
      if (!(of.as_double() > -kTwoTo63 && of.as_double() < kTwoTo63)) break;
      return Value::integer(static_cast<std::int64_t>(of.as_double()));
    case Kind::text:
      return read_number(of.as_text(), number) ? Value::integer(number) : Value::error("not an integer");
    case Kind::timestamp:
      return Value::integer(of.seconds());
    default:
      return Value::error(kNoOverload);
  }
  return Value::error(kRange);
}

Value to_uint(const Value& of) {
  std::uint64_t number = 0;
  switch (of.kind()) {
    case Kind::uinteger:
      return of;
    case Kind::integer:
      if (of.as_int() < 0) break;
      return Value::uinteger(static_cast<std::uint64_t>(of.as_int()));
    case Kind::real:
      if (!(of.as_double() > -1.0 && of.as_double() < kTwoTo64) || of.as_double() < 0) break;
      return Value::uinteger(static_cast<std::uint64_t>(of.as_double()));
    case Kind::text:
      return read_number(of.as_text(), number) ? Value::uinteger(number)
                                               : Value::error("not an unsigned integer");
    default:
      return Value::error(kNoOverload);
  }
  return Value::error(kRange);
}

Value to_double(const Value& of) {
  double number = 0;
  switch (of.kind()) {
    case Kind::real:
      return of;
    case Kind::integer:
      return Value::real(static_cast<double>(of.as_int()));
    case Kind::uinteger:
      return Value::real(static_cast<double>(of.as_uint()));
    case Kind::text:
      return read_number(of.as_text(), number) ? Value::real(number) : Value::error("not a number");
    default:
      return Value::error(kNoOverload);
  }
}

Value format_double(double number, Arena& arena, std::size_t& cost) {
  if (std::isnan(number)) return Value::text("NaN");
  if (std::isinf(number)) return Value::text(number < 0 ? "-Infinity" : "+Infinity");
  char buffer[32];
  const auto wrote = std::to_chars(buffer, buffer + sizeof buffer, number);
  return keep_text({buffer, static_cast<std::size_t>(wrote.ptr - buffer)}, Kind::text, arena, cost);
}

Value to_text(const Value& of, Arena& arena, std::size_t& cost) {
  switch (of.kind()) {
    case Kind::text:
      return of;
    case Kind::boolean:
      return Value::text(of.as_bool() ? "true" : "false");
    case Kind::integer:
      return keep_text(std::to_string(of.as_int()), Kind::text, arena, cost);
    case Kind::uinteger:
      return keep_text(std::to_string(of.as_uint()), Kind::text, arena, cost);
    case Kind::real:
      return format_double(of.as_double(), arena, cost);
    case Kind::bytes:
      cost += of.as_text().size() / 64;
      return is_utf8(of.as_text()) ? Value::text(of.as_text()) : Value::error("invalid UTF-8");
    case Kind::timestamp:
      return keep_text(format_timestamp(of), Kind::text, arena, cost);
    case Kind::duration:
      return keep_text(format_duration(of), Kind::text, arena, cost);
    default:
      return Value::error(kNoOverload);
  }
}

Value to_bool(const Value& of) {
  if (of.is(Kind::boolean)) return of;
  if (!of.is(Kind::text)) return Value::error(kNoOverload);
  for (const std::string_view yes : {"true", "True", "TRUE", "t", "1"})
    if (of.as_text() == yes) return Value::boolean(true);
  for (const std::string_view no : {"false", "False", "FALSE", "f", "0"})
    if (of.as_text() == no) return Value::boolean(false);
  return Value::error("not true or false");
}

Value convert(Function function, const Value& of, Arena& arena, std::size_t& cost) {
  switch (function) {
    case Function::to_int:
      return to_int(of);
    case Function::to_uint:
      return to_uint(of);
    case Function::to_double:
      return to_double(of);
    case Function::to_text:
      return to_text(of, arena, cost);
    case Function::to_bool:
      return to_bool(of);
    case Function::to_bytes:
      return of.is(Kind::text) || of.is(Kind::bytes) ? Value::bytes(of.as_text()) : Value::error(kNoOverload);
    case Function::to_timestamp:
      if (of.is(Kind::timestamp)) return of;
      if (of.is(Kind::integer)) return make_timestamp(of.as_int(), 0);
      return of.is(Kind::text) ? parse_timestamp(of.as_text()) : Value::error(kNoOverload);
    case Function::to_duration:
      if (of.is(Kind::duration)) return of;
      return of.is(Kind::text) ? parse_duration(of.as_text()) : Value::error(kNoOverload);
    case Function::type_of:
      return Value::type(of.kind());
    default:
      return of;  // dyn
  }
}

Value part_of(Function function, std::span<const Value> arguments) {
  const Value& of = arguments[0];
  if (of.is(Kind::duration) && arguments.size() == 1 && function >= Function::hours)
    return part_of_duration(function, of);
  if (!of.is(Kind::timestamp)) return Value::error(kNoOverload);
  if (arguments.size() == 1) return part_of_timestamp(function, of, {});
  if (!arguments[1].is(Kind::text)) return Value::error(kNoOverload);
  return part_of_timestamp(function, of, arguments[1].as_text());
}

}  // namespace

Value apply(Function function, std::span<const Value> arguments, Arena& arena, std::size_t& cost) {
  for (const Value& argument : arguments)
    if (argument.is_error()) return argument;
  if (function <= Function::remainder) return calculate(function, arguments[0], arguments[1], arena, cost);
  if (function == Function::negate) return negate(arguments[0]);
  if (function == Function::negate_bool)
    return arguments[0].is(Kind::boolean) ? Value::boolean(!arguments[0].as_bool())
                                          : Value::error(kNoOverload);
  if (function <= Function::not_equal)
    return Value::boolean(equal(arguments[0], arguments[1], cost) == (function == Function::equal));
  if (function <= Function::greater_equal) return order(function, arguments[0], arguments[1], cost);
  if (function == Function::in) return contains(arguments[0], arguments[1], cost);
  if (function == Function::size) return size_of(arguments[0], cost);
  if (function <= Function::ends_with) return search(function, arguments[0], arguments[1], cost);
  if (function <= Function::upper_ascii) return change_case(function, arguments[0], arena, cost);
  if (function <= Function::dyn) return convert(function, arguments[0], arena, cost);
  return part_of(function, arguments);
}

Value index(const Value& of, const Value& key) {
  if (of.is_error()) return of;
  if (key.is_error()) return key;
  if (of.is(Kind::map)) {
    const auto found = of.find(key);
    return found ? *found : Value::error("no such key");
  }
  if (!of.is(Kind::list)) return Value::error(kNoOverload);
  if (!key.is_number()) return Value::error("a list is indexed by a number");
  const auto position = compare(key, Value::integer(0));
  const auto end = compare(key, Value::integer(static_cast<std::int64_t>(of.size())));
  if (!position || *position < 0 || !end || *end >= 0) return Value::error("index out of bounds");
  const Value whole = to_int(key);
  if (whole.is_error() || compare(key, whole) != 0)
    return Value::error("a list is indexed by a whole number");
  return of.at(static_cast<std::size_t>(whole.as_int()));
}

}  // namespace gw::cel
