// SPDX-License-Identifier: Apache-2.0
#include "store/resp.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace gw::store::resp {
namespace {

constexpr std::size_t kLongestLine = 64 * 1024;  // of a simple text or an error
constexpr std::size_t kLongestNumber = 32;

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

bool has_length(char type) {
  return type == '$' || type == '=' || type == '!';
}
bool has_members(char type) {
  return type == '*' || type == '~' || type == '>' || type == '%' || type == '|';
}
bool is_text_line(char type) {
  return type == '+' || type == '-' || type == ',' || type == '(';
}

Value make_text(std::string_view text) {
  Value value;
  value.kind = Value::Kind::text;
  value.text = text;
  return value;
}

}  // namespace

State Reader::next(Value& out) {
  if (!why_.empty()) return State::broken;
  for (;;) {
    Value value;
    switch (read_item(value)) {
      case Step::need_more:
        // What is over goes at once, but not byte by byte.
        if (at_ > 64 * 1024 || at_ == buffer_.size()) buffer_.erase(0, std::exchange(at_, 0));
        return State::need_more;
      case Step::broken:
        return State::broken;
      case Step::opened:
        continue;
      case Step::value:
        break;
    }
    // Close every list that this value completes.
    for (;;) {
      if (frames_.empty()) {
        out = std::move(value);
        used_ = count_ = 0;
        return State::complete;
      }
      Frame& frame = frames_.back();
      if (!frame.is_ignored) frame.value.list.push_back(std::move(value));
      if (--frame.missing > 0) break;
      const bool is_ignored = frame.is_ignored;
      value = std::move(frame.value);
      frames_.pop_back();
      if (is_ignored) break;  // the value that it belongs to comes next
    }
  }
}

Reader::Step Reader::read_item(Value& value) {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.empty()) return Step::need_more;
  const char type = rest.front();
  const bool is_long = type == '+' || type == '-';
  const std::size_t longest = is_long ? kLongestLine : kLongestNumber * (type == '(' ? 32 : 1);
  const std::size_t end = rest.substr(0, longest + 2).find('\n');
  if (end == std::string_view::npos)
    return rest.size() > longest + 1 ? fail("a line is too long") : Step::need_more;
  if (end < 2 || rest[end - 1] != '\r') return fail("a line does not end with CR LF");
  const std::string_view line = rest.substr(1, end - 2);
  if (line.find('\r') != std::string_view::npos) return fail("a line has a CR");
  return read_line(type, line, end + 1, value);
}

Reader::Step Reader::read_line(char type, std::string_view line, std::size_t after, Value& value) {
  if (has_length(type)) {
    const auto length = parse_number(line);
    if (!length || *length < -1 || (*length == -1 && type != '$')) return fail("a length is no length");
    if (*length == -1) return take(after) ? Step::value : Step::broken;
    return read_bulk(type, static_cast<std::size_t>(*length), after, value);
  }
  if (has_members(type)) {
    if (type == '*' && line == "-1") return take(after) ? Step::value : Step::broken;
    const std::string kept(line);
    if (!take(after)) return Step::broken;
    const Step opened = open(type, kept);
    if (opened == Step::value) {
      value.kind = Value::Kind::list;
      value.is_push = type == '>';
    }
    return opened;
  }
  if (is_text_line(type)) {
    value = make_text(line);
    if (type == '-') value.kind = Value::Kind::error;
  } else if (type == ':') {
    const auto number = parse_number(line);
    if (!number) return fail("an integer is no integer");
    value.kind = Value::Kind::integer;
    value.integer = *number;
  } else if (type == '#') {
    if (line != "t" && line != "f") return fail("a boolean is no boolean");
    value.kind = Value::Kind::integer;
    value.integer = line == "t" ? 1 : 0;
  } else if (type != '_' || !line.empty()) {
    return fail("a value is of no known type");
  }
  return take(after) ? Step::value : Step::broken;
}

Reader::Step Reader::read_bulk(char type, std::size_t length, std::size_t at, Value& value) {
  if (length > limits_.bytes) return fail("a reply is too long");
  const std::string_view rest = std::string_view(buffer_).substr(at_ + at);
  if (rest.size() < length + 2) return Step::need_more;
  if (rest.substr(length, 2) != "\r\n") return fail("a text does not end where it should");
  std::string_view text = rest.substr(0, length);
  if (type == '=') {  // "txt:" goes before a verbatim text
    if (text.size() < 4 || text[3] != ':') return fail("a verbatim text has no format");
    text.remove_prefix(4);
  }
  value = make_text(text);
  if (type == '!') value.kind = Value::Kind::error;
  return take(at + length + 2) ? Step::value : Step::broken;
}

Reader::Step Reader::open(char type, std::string_view line) {
  const auto number = parse_number(line);
  if (!number || *number < 0) return fail("a count is no count");
  auto members = static_cast<std::size_t>(*number);
  if (members > limits_.values) return fail("a reply has too many values");
  if (type == '%' || type == '|') members *= 2;
  if (type == '>' && !frames_.empty()) return fail("a push stands inside a reply");
  if (members == 0) return type == '|' ? Step::opened : Step::value;
  if (frames_.size() >= limits_.depth) return fail("a reply is too deep");
  Frame frame;
  frame.value.kind = Value::Kind::list;
  frame.value.is_push = type == '>';
  frame.missing = members;
  frame.is_ignored = type == '|';
  frames_.push_back(std::move(frame));
  return Step::opened;
}

bool Reader::take(std::size_t to) {
  at_ += to;
  used_ += to;
  if (used_ > limits_.bytes) return fail("a reply is too long") != Step::broken;
  if (++count_ > limits_.values) return fail("a reply has too many values") != Step::broken;
  return true;
}

Reader::Step Reader::fail(std::string_view why) {
  why_ = why;
  buffer_.clear();
  frames_.clear();
  at_ = 0;
  return Step::broken;
}

void append_command(std::string& out, const std::vector<std::string_view>& words) {
  const auto append_count = [&out](char type, std::size_t count) {
    out += type;
    out += std::to_string(count);
    out += "\r\n";
  };
  append_count('*', words.size());
  for (const std::string_view word : words) {
    append_count('$', word.size());
    out += word;
    out += "\r\n";
  }
}

}  // namespace gw::store::resp
