// SPDX-License-Identifier: Apache-2.0
// The language of Redis, versions 2 and 3 of it (RESP): commands out, replies in. The reader is fed pieces as
// they come and is bounded in size, depth and count; what is malformed ends the connection. hiredis' reader
// (0.14) knows neither RESP3 nor limits. THREAD: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gw::store::resp {

struct Value {
  enum class Kind : std::uint8_t { null, text, integer, error, list };
  Kind kind = Kind::null;
  bool is_push = false;  // comes unasked; answers nothing
  std::string text;      // also of an error: "CODE what"
  std::int64_t integer = 0;
  std::vector<Value> list;  // of a map: name, value, name, value

  bool is_null() const { return kind == Kind::null; }
  bool is_error(std::string_view code) const { return kind == Kind::error && text.starts_with(code); }
};

struct Limits {
  std::size_t bytes = 16 * 1024 * 1024;  // of one reply
  std::size_t values = 200'000;
  std::size_t depth = 8;
};

enum class State : std::uint8_t { complete, need_more, broken };

class Reader {
 public:
  explicit Reader(const Limits& limits = {}) : limits_(limits) {}

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // One reply into `out`. After `broken` nothing comes any more.
  State next(Value& out);
  std::string_view why() const { return why_; }  // a constant sentence

 private:
  struct Frame {
    Value value;
    std::size_t missing = 0;
    bool is_ignored = false;  // an attribute: a value follows it
  };
  enum class Step : std::uint8_t { value, opened, need_more, broken };

  Step read_item(Value& value);
  Step read_line(char type, std::string_view line, std::size_t after, Value& value);
  Step read_bulk(char type, std::size_t length, std::size_t at, Value& value);
  Step open(char type, std::string_view line);
  Step fail(std::string_view why);
  bool take(std::size_t to);

  Limits limits_;
  std::string buffer_;
  std::size_t at_ = 0;     // read so far
  std::size_t used_ = 0;   // bytes of the reply under way
  std::size_t count_ = 0;  // values of it
  std::vector<Frame> frames_;
  std::string_view why_;
};

// Appends one command.
void append_command(std::string& out, const std::vector<std::string_view>& words);

}  // namespace gw::store::resp
