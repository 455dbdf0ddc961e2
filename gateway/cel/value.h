// SPDX-License-Identifier: Apache-2.0
// A value of the Common Expression Language while an expression is evaluated: small, and free to copy. Texts,
// lists and maps are views of what the caller lent (claims, the request), of the program, or of the Arena.
// https://github.com/google/cel-spec/blob/master/doc/langdef.md#values
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace gw::cel {

class Value;

// A map whose members are made when they are asked for: the headers of a request, say.
class MapView {
 public:
  virtual std::optional<Value> find(std::string_view key) const = 0;
  virtual std::size_t size() const = 0;
  virtual std::string_view key(std::size_t index) const = 0;

 protected:
  ~MapView() = default;
};

enum class Kind : std::uint8_t {
  error,
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
  type
};
std::string_view name_of(Kind kind);  // as type() prints it

struct Entry;

class Value {
 public:
  // What a list or a map lies in.
  enum class Form : std::uint8_t { none, json, array, view };

  Value() = default;  // null
  static Value error(const char* why);
  static Value boolean(bool value);
  static Value integer(std::int64_t value);
  static Value uinteger(std::uint64_t value);
  static Value real(double value);
  static Value text(std::string_view value);
  static Value bytes(std::string_view value);
  static Value list(std::span<const Value> values);
  static Value list(const json::Array& values);
  static Value map(std::span<const Entry> entries);
  static Value map(const json::Object& members);
  static Value map(const MapView& view);
  static Value timestamp(std::int64_t seconds, std::int32_t nanos);
  static Value duration(std::int64_t seconds, std::int32_t nanos);
  static Value type(Kind kind);
  static Value of(const json::Value& value);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_error() const { return kind_ == Kind::error; }
  bool is_true() const { return kind_ == Kind::boolean && data_.boolean; }
  bool is_false() const { return kind_ == Kind::boolean && !data_.boolean; }
  bool is_number() const { return kind_ >= Kind::integer && kind_ <= Kind::real; }

  // REQUIRES: of that kind.
  const char* why() const { return data_.text; }
  bool as_bool() const { return data_.boolean; }
  std::int64_t as_int() const { return data_.integer; }
  std::uint64_t as_uint() const { return data_.uinteger; }
  double as_double() const { return data_.real; }
  std::string_view as_text() const { return {data_.text, size_}; }  // also bytes
  std::int64_t seconds() const { return data_.integer; }
  std::int32_t nanos() const { return static_cast<std::int32_t>(size_); }
  Kind as_type() const { return static_cast<Kind>(size_); }

  // Lists and maps.
  std::size_t size() const;
  Value at(std::size_t index) const;                  // of a list; REQUIRES: index < size()
  Value key_at(std::size_t index) const;              // of a map
  Value value_at(std::size_t index) const;            // of a map
  std::optional<Value> find(const Value& key) const;  // of a map

 private:
  union Data {
    bool boolean;
    std::int64_t integer;
    std::uint64_t uinteger;
    double real;
    const char* text;
    const Value* values;
    const json::Array* array;
    const Entry* entries;
    const json::Object* object;
    const MapView* view;
  };
  Kind kind_ = Kind::null;
  Form form_ = Form::none;
  std::size_t size_ = 0;
  Data data_{};
};

struct Entry {
  Value key;
  Value value;
};

// Equality of the language: numbers by value whatever their kind, other kinds never equal each other.
// `cost` grows with what was looked at.
bool equal(const Value& a, const Value& b, std::size_t& cost);
// Negative, zero or positive; nothing when the two have no order (other kinds, NaN).
std::optional<int> compare(const Value& a, const Value& b);

// Room for what an expression makes, given back all at once. Bounded: allocate() returns null beyond.
class Arena {
 public:
  static constexpr std::size_t kLimit = 256 * 1024;

  void* allocate(std::size_t bytes);
  template <class T>
  std::span<T> make(std::size_t count) {
    void* room = allocate(count * sizeof(T));
    if (room == nullptr) return {};
    T* first = static_cast<T*>(room);
    std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }
  void clear();

 private:
  static constexpr std::size_t kBlock = 4096;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;  // the first is kept for the next expression
  std::size_t used_ = 0;                              // of the last block
  std::size_t room_ = 0;                              // of the last block
  std::size_t total_ = 0;
};

}  // namespace gw::cel
