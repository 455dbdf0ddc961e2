// SPDX-License-Identifier: Apache-2.0
#include "cel/value.h"

#include <array>
#include <cmath>

namespace gw::cel {
namespace {

// Exact, unlike a conversion of either to the other's type.
int compare_mixed(std::int64_t a, std::uint64_t b) {
  if (a < 0) return -1;
  const auto positive = static_cast<std::uint64_t>(a);
  return positive < b ? -1 : positive > b ? 1 : 0;
}

std::optional<int> compare_with_double(double whole_range_low, double whole_range_high, double b,
                                       auto integer) {
  if (std::isnan(b)) return std::nullopt;
  if (b < whole_range_low) return 1;
  if (b >= whole_range_high) return -1;
  const double floor = std::floor(b);
  const auto truncated = static_cast<decltype(integer)>(floor);
  if (integer < truncated) return -1;
  if (integer > truncated) return 1;
  return b > floor ? -1 : 0;
}

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

std::optional<int> reversed(std::optional<int> order) {
  return order ? std::optional(-*order) : order;
}

std::optional<int> compare_numbers(const Value& a, const Value& b) {
  const Kind x = a.kind(), y = b.kind();
  if (x == Kind::real && y == Kind::real) {
    if (std::isnan(a.as_double()) || std::isnan(b.as_double())) return std::nullopt;
    return order(a.as_double(), b.as_double());
  }
  if (x == Kind::integer && y == Kind::integer) return order(a.as_int(), b.as_int());
  if (x == Kind::uinteger && y == Kind::uinteger) return order(a.as_uint(), b.as_uint());
  if (x == Kind::integer && y == Kind::uinteger) return compare_mixed(a.as_int(), b.as_uint());
  if (x == Kind::integer) return compare_with_double(-kTwoTo63, kTwoTo63, b.as_double(), a.as_int());
  if (x == Kind::uinteger && y == Kind::real)
    return compare_with_double(0.0, kTwoTo64, b.as_double(), a.as_uint());
  return reversed(compare_numbers(b, a));
}

bool equal_lists(const Value& a, const Value& b, std::size_t& cost) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!equal(a.at(i), b.at(i), cost)) return false;
  return true;
}

bool equal_maps(const Value& a, const Value& b, std::size_t& cost) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    cost += b.size();
    const auto other = b.find(a.key_at(i));
    if (!other || !equal(a.value_at(i), *other, cost)) return false;
  }
  return true;
}

}  // namespace

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 13> kNames{"error",
                                                    "null_type",
                                                    "bool",
                                                    "int",
                                                    "uint",
                                                    "double",
                                                    "string",
                                                    "bytes",
                                                    "list",
                                                    "map",
                                                    "google.protobuf.Timestamp",
                                                    "google.protobuf.Duration",
                                                    "type"};
  return kNames[static_cast<std::size_t>(kind)];
}

Value Value::error(const char* why) {
  Value made;
  made.kind_ = Kind::error;
  made.data_.text = why;
  return made;
}

Value Value::boolean(bool value) {
  Value made;
  made.kind_ = Kind::boolean;
  made.data_.boolean = value;
  return made;
}

Value Value::integer(std::int64_t value) {
  Value made;
  made.kind_ = Kind::integer;
  made.data_.integer = value;
  return made;
}

Value Value::uinteger(std::uint64_t value) {
  Value made;
  made.kind_ = Kind::uinteger;
  made.data_.uinteger = value;
  return made;
}

Value Value::real(double value) {
  Value made;
  made.kind_ = Kind::real;
  made.data_.real = value;
  return made;
}

Value Value::text(std::string_view value) {
  Value made;
  made.kind_ = Kind::text;
  made.data_.text = value.data();
  made.size_ = value.size();
  return made;
}

Value Value::bytes(std::string_view value) {
  Value made = text(value);
  made.kind_ = Kind::bytes;
  return made;
}

Value Value::list(std::span<const Value> values) {
  Value made;
  made.kind_ = Kind::list;
  made.form_ = Form::array;
  made.data_.values = values.data();
  made.size_ = values.size();
  return made;
}

Value Value::list(const json::Array& values) {
  Value made;
  made.kind_ = Kind::list;
  made.form_ = Form::json;
  made.data_.array = &values;
  return made;
}

Value Value::map(std::span<const Entry> entries) {
  Value made;
  made.kind_ = Kind::map;
  made.form_ = Form::array;
  made.data_.entries = entries.data();
  made.size_ = entries.size();
  return made;
}

Value Value::map(const json::Object& members) {
  Value made;
  made.kind_ = Kind::map;
  made.form_ = Form::json;
  made.data_.object = &members;
  return made;
}

Value Value::map(const MapView& view) {
  Value made;
  made.kind_ = Kind::map;
  made.form_ = Form::view;
  made.data_.view = &view;
  return made;
}

Value Value::timestamp(std::int64_t seconds, std::int32_t nanos) {
  Value made = integer(seconds);
  made.kind_ = Kind::timestamp;
  made.size_ = static_cast<std::size_t>(nanos);
  return made;
}

Value Value::duration(std::int64_t seconds, std::int32_t nanos) {
  Value made = timestamp(seconds, nanos);
  made.kind_ = Kind::duration;
  return made;
}

Value Value::type(Kind kind) {
  Value made;
  made.kind_ = Kind::type;
  made.size_ = static_cast<std::size_t>(kind);
  return made;
}

Value Value::of(const json::Value& value) {
  if (const bool* flag = value.as_bool()) return boolean(*flag);
  if (const std::int64_t* number = value.as_int()) return integer(*number);
  if (const double* number = value.as_double()) return real(*number);
  if (const std::string* string = value.as_string()) return text(*string);
  if (const json::Array* array = value.as_array()) return list(*array);
  if (const json::Object* object = value.as_object()) return map(*object);
  return {};
}

std::size_t Value::size() const {
  if (form_ == Form::array) return size_;
  if (form_ == Form::view) return data_.view->size();
  return kind_ == Kind::list ? data_.array->size() : data_.object->size();
}

Value Value::at(std::size_t index) const {
  return form_ == Form::array ? data_.values[index] : of((*data_.array)[index]);
}

Value Value::key_at(std::size_t index) const {
  if (form_ == Form::array) return data_.entries[index].key;
  if (form_ == Form::view) return text(data_.view->key(index));
  return text((*data_.object)[index].first);
}

Value Value::value_at(std::size_t index) const {
  if (form_ == Form::array) return data_.entries[index].value;
  if (form_ == Form::view) return data_.view->find(data_.view->key(index)).value_or(Value());
  return of((*data_.object)[index].second);
}

std::optional<Value> Value::find(const Value& key) const {
  if (form_ == Form::array) {
    std::size_t cost = 0;
    for (std::size_t i = 0; i < size_; ++i)
      if (equal(data_.entries[i].key, key, cost)) return data_.entries[i].value;
    return std::nullopt;
  }
  if (!key.is(Kind::text)) return std::nullopt;
  if (form_ == Form::view) return data_.view->find(key.as_text());
  for (const json::Member& member : *data_.object)
    if (member.first == key.as_text()) return of(member.second);
  return std::nullopt;
}

bool equal(const Value& a, const Value& b, std::size_t& cost) {
  ++cost;
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return a.as_bool() == b.as_bool();
    case Kind::text:
    case Kind::bytes:
      cost += a.as_text().size() / 64;
      return a.as_text() == b.as_text();
    case Kind::timestamp:
    case Kind::duration:
      return a.seconds() == b.seconds() && a.nanos() == b.nanos();
    case Kind::type:
      return a.as_type() == b.as_type();
    case Kind::list:
      return equal_lists(a, b, cost);
    case Kind::map:
      return equal_maps(a, b, cost);
    default:
      return false;
  }
}

std::optional<int> compare(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::boolean:
      return order(a.as_bool(), b.as_bool());
    case Kind::text:
    case Kind::bytes:
      return order(a.as_text(), b.as_text());
    case Kind::timestamp:
    case Kind::duration:
      return a.seconds() != b.seconds() ? order(a.seconds(), b.seconds()) : order(a.nanos(), b.nanos());
    default:
      return std::nullopt;
  }
}

void* Arena::allocate(std::size_t bytes) {
  constexpr std::size_t kAlign = alignof(std::max_align_t);
  if (bytes > kLimit) return nullptr;
  bytes = (bytes + kAlign - 1) / kAlign * kAlign;
  if (total_ + bytes > kLimit) return nullptr;
  if (blocks_.empty() || used_ + bytes > room_) {
    room_ = bytes > kBlock ? bytes : kBlock;
    blocks_.push_back(std::make_unique<std::byte[]>(room_));
    used_ = 0;
  }
  void* at = blocks_.back().get() + used_;
  used_ += bytes;
  total_ += bytes;
  return at;
}

void Arena::clear() {
  if (blocks_.size() > 1 || room_ > kBlock) {
    blocks_.clear();
    room_ = 0;
  }
  used_ = total_ = 0;
}

}  // namespace gw::cel
