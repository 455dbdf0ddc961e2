// SPDX-License-Identifier: Apache-2.0
// A span as OTLP/HTTP has it in JSON (https://opentelemetry.io/docs/specs/otlp/): ids in hex, 64-bit numbers
// as text, enums as numbers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace gw::trace {

enum class Kind : std::uint8_t { internal = 1, server = 2, client = 3 };

struct Span {
  std::string_view trace, id;
  std::string_view parent;  // empty: a root
  std::string_view name;
  Kind kind = Kind::internal;
  std::chrono::nanoseconds began{0}, ended{0};  // since 1970
};

// Appends one span: made, given its attributes, ended.
class SpanWriter {
 public:
  SpanWriter(std::string& out, const Span& span);
  void text(std::string_view name, std::string_view value);  // nothing when it is empty
  void number(std::string_view name, std::int64_t value);
  void end(bool failed);

 private:
  void begin_attribute(std::string_view name);

  std::string& out_;
  bool has_attributes_ = false;
};

// The whole request to a collector. `spans` are parted by commas.
std::string format_export(std::string_view service, std::string_view version, std::string_view spans);

}  // namespace gw::trace
