// SPDX-License-Identifier: Apache-2.0
// Values of the conformance cases: JSON of the protobuf message cel.expr.Value.
#pragma once

#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "base/json.h"
#include "cel/time.h"
#include "cel/value.h"

namespace gw::test {

// Owns what the values that it read point to.
class ValueReader {
 public:
  cel::Value read(const json::Value& from) {
    if (const json::Value* v = from.find("int64Value"))
      return cel::Value::integer(std::stoll(*v->as_string()));
    if (const json::Value* v = from.find("uint64Value"))
      return cel::Value::uinteger(std::stoull(*v->as_string()));
    if (const json::Value* v = from.find("doubleValue")) return cel::Value::real(number(*v));
    if (const json::Value* v = from.find("boolValue")) return cel::Value::boolean(*v->as_bool());
    if (const json::Value* v = from.find("stringValue")) return cel::Value::text(keep(*v->as_string()));
    if (const json::Value* v = from.find("bytesValue"))
      return cel::Value::bytes(keep(decode(*v->as_string())));
    if (const json::Value* v = from.find("typeValue")) return type(*v->as_string());
    if (const json::Value* v = from.find("objectValue")) return object(*v);
    if (const json::Value* v = from.find("listValue")) return list(*v);
    if (const json::Value* v = from.find("mapValue")) return map(*v);
    return {};
  }

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  static double number(const json::Value& value) {
    if (const double* real = value.as_double()) return *real;
    if (const std::int64_t* whole = value.as_int()) return static_cast<double>(*whole);
    const std::string& text = *value.as_string();
    return text == "NaN" ? std::nan("") : text == "-Infinity" ? -INFINITY : INFINITY;
  }

  static std::string decode(const std::string& base64) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0, count = 0;
    for (const char c : base64) {
      if (c == '=') break;
      bits = (bits << 6) | static_cast<unsigned>(kDigits.find(c));
      count += 6;
      if (count < 8) continue;
      count -= 8;
      bytes += static_cast<char>((bits >> count) & 0xFF);
    }
    return bytes;
  }

  static cel::Value type(const std::string& name) {
    for (int kind = 0; kind <= static_cast<int>(cel::Kind::type); ++kind)
      if (cel::name_of(static_cast<cel::Kind>(kind)) == name)
        return cel::Value::type(static_cast<cel::Kind>(kind));
    return cel::Value::error("unknown type");
  }

  static cel::Value object(const json::Value& any) {
    const std::string& type = *any.find("@type")->as_string();
    const std::string& value = *any.find("value")->as_string();
    return type.ends_with("Timestamp") ? cel::parse_timestamp(value) : cel::parse_duration(value);
  }

  cel::Value list(const json::Value& from) {
    auto& values = lists_.emplace_back();
    if (const json::Value* all = from.find("values"))
      for (const json::Value& each : *all->as_array()) values.push_back(read(each));
    return cel::Value::list(std::span<const cel::Value>(values));
  }

  cel::Value map(const json::Value& from) {
    auto& entries = maps_.emplace_back();
    if (const json::Value* all = from.find("entries"))
      for (const json::Value& each : *all->as_array())
        entries.push_back({read(*each.find("key")), read(*each.find("value"))});
    return cel::Value::map(std::span<const cel::Entry>(entries));
  }

  std::deque<std::string> texts_;
  std::deque<std::vector<cel::Value>> lists_;
  std::deque<std::vector<cel::Entry>> maps_;
};

}  // namespace gw::test
