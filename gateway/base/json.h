// SPDX-License-Identifier: Apache-2.0
// JSON as this gateway reads it: strict (RFC 8259), bounded in size, depth and count; duplicate names,
// a byte-order mark, trailing text, invalid UTF-8, lone surrogates and numbers that no double holds are
// refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace gw::json {

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;
using Object = std::vector<Member>;  // in the order of the text; names are unique

class Value {
 public:
  Value() = default;  // null
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(std::int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  bool is_null() const { return data_.index() == 0; }
  // Null when the value is of another kind.
  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&data_); }
  const double* as_double() const { return std::get_if<double>(&data_); }  // also integers beyond int64
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const Array* as_array() const { return std::get_if<Array>(&data_); }
  const Object* as_object() const { return std::get_if<Object>(&data_); }
  Array* as_array() { return std::get_if<Array>(&data_); }
  Object* as_object() { return std::get_if<Object>(&data_); }
  // Becomes an empty text.
  std::string& make_string() { return data_.emplace<std::string>(); }
  bool is_number() const { return as_int() != nullptr || as_double() != nullptr; }

  // The member of that name; null when this is no object or has none.
  const Value* find(std::string_view name) const;
  // Adds or replaces a member. REQUIRES: an object or null (which becomes an object).
  void set(std::string_view name, Value value);

  friend bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

struct Limits {
  std::size_t bytes = 1024 * 1024;
  unsigned depth = 32;
  unsigned values = 100000;
};

// The error is a sentence for the log, with the offset.
Result<Value, std::string> parse(std::string_view text, const Limits& limits = {});

// Compact, UTF-8. Strings are expected to be valid UTF-8; bytes that are not become U+FFFD.
std::string dump(const Value& value);

// Of memory, that the value holds beside itself.
std::size_t heap_bytes(const Value& value);

// Appends `text` as a JSON string with its quotes; what is not valid UTF-8 becomes U+FFFD.
void append_quoted(std::string& out, std::string_view text);

}  // namespace gw::json
