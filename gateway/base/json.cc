// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace gw::json {
namespace {

// The length of the valid UTF-8 sequence at `at`, 0 when there is none (RFC 3629).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned lead = byte(at), second = byte(at + 1);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(at + 1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (lead == 0xE0 && second < 0xA0) return 0;
    if (lead == 0xED && second > 0x9F) return 0;
    return tail(at + 1) && tail(at + 2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (lead == 0xF0 && second < 0x90) return 0;
    if (lead == 0xF4 && second > 0x8F) return 0;
    return tail(at + 1) && tail(at + 2) && tail(at + 3) ? 4 : 0;
  }
  return 0;
}

// What stands for itself inside a string: ASCII but controls, the quote and the backslash.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr auto kPlain = make_plain();

// A recursive-descent reader. Ours because it is on the path of every token that comes for the first time:
// a general parser that goes through events takes three times as long.
class Reader {
 public:
  Reader(std::string_view text, const Limits& limits) : text_(text), limits_(limits) { members_.reserve(12); }

  bool read_document(Value& out) {
    skip_space();
    if (!read_value(out, 0)) return false;
    skip_space();
    return at_ == text_.size() || fail("text after the value");
  }
  std::string take_problem() { return std::move(problem_); }

 private:
  // Above this many members names are compared by sorting, so that a long object costs no square of its
  // length.
  static constexpr std::size_t kComparedPairwise = 16;

  bool fail(std::string_view what) {
    if (problem_.empty()) problem_ = std::string(what) + " at byte " + std::to_string(at_);
    return false;
  }
  bool not_json() { return fail("not JSON"); }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool skip(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }

  bool read_value(Value& out, unsigned depth) {
    if (++values_ > limits_.values) return fail("too many values");
    switch (peek()) {
      case '{':
        return read_object(out, depth + 1);
      case '[':
        return read_array(out, depth + 1);
      case '"':
        return read_string(out.make_string());
      case 't':
        return read_word("true", Value(true), out);
      case 'f':
        return read_word("false", Value(false), out);
      case 'n':
        return read_word("null", Value(), out);
      default:
        return read_number(out);
    }
  }

  bool read_word(std::string_view word, Value value, Value& out) {
    if (text_.substr(at_, word.size()) != word) return not_json();
    at_ += word.size();
    out = std::move(value);
    return true;
  }

  bool read_object(Value& out, unsigned depth) {
    if (depth > limits_.depth) return fail("too deep");
    ++at_;
    const std::size_t first = members_.size();
    skip_space();
    if (!skip('}')) {
      do {
        skip_space();
        std::string name;
        Value value;
        if (!read_string(name)) return false;
        skip_space();
        if (!skip(':')) return not_json();
        skip_space();
        if (!read_value(value, depth)) return false;
        members_.emplace_back(std::move(name), std::move(value));
        skip_space();
      } while (skip(','));
      if (!skip('}')) return not_json();
    }
    const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(first);
    Object object(std::make_move_iterator(begin), std::make_move_iterator(members_.end()));
    members_.erase(begin, members_.end());
    if (!check_names(object)) return false;
    out = Value(std::move(object));
    return true;
  }

  bool read_array(Value& out, unsigned depth) {
    if (depth > limits_.depth) return fail("too deep");
    ++at_;
    Array array;
    skip_space();
    if (!skip(']')) {
      array.reserve(4);
      do {
        skip_space();
        if (!read_value(array.emplace_back(), depth)) return false;
        skip_space();
      } while (skip(','));
      if (!skip(']')) return not_json();
    }
    out = Value(std::move(array));
    return true;
  }

  bool check_names(const Object& object) {
    if (object.size() > kComparedPairwise) return check_many_names(object);
    std::uint64_t seen = 0;  // a bit for each length and first letter: most names need no comparison
    for (std::size_t i = 0; i < object.size(); ++i) {
      const std::string& name = object[i].first;
      const std::uint64_t bit = std::uint64_t{1}
                                << ((name.size() * 7 + static_cast<unsigned char>(name[0])) & 63);
      for (std::size_t j = 0; (seen & bit) != 0 && j < i; ++j)
        if (name == object[j].first) return fail_twice(name);
      seen |= bit;
    }
    return true;
  }
  bool check_many_names(const Object& object) {
    std::vector<std::string_view> names;
    names.reserve(object.size());
    for (const Member& member : object) names.push_back(member.first);
    std::sort(names.begin(), names.end());
    const auto twin = std::adjacent_find(names.begin(), names.end());
    return twin == names.end() || fail_twice(*twin);
  }
  bool fail_twice(std::string_view name) {
    return fail("the name \"" + std::string(name) + "\" stands twice in the object that ends");
  }

  bool read_string(std::string& out) {
    if (!skip('"')) return not_json();
    for (;;) {
      const std::size_t plain = at_;
      while (at_ < text_.size() && kPlain[static_cast<unsigned char>(text_[at_])]) ++at_;
      out.append(text_, plain, at_ - plain);
      if (at_ == text_.size()) return not_json();
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (c == '\\') {
        if (!read_escape(out)) return false;
        continue;
      }
      const std::size_t length = static_cast<unsigned char>(c) < 0x20 ? 0 : utf8_length(text_, at_);
      if (length == 0) return not_json();
      out.append(text_, at_, length);
      at_ += length;
    }
  }

  bool read_escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    ++at_;
    if (skip('u')) return read_code_point(out);
    const std::size_t letter = at_ < text_.size() ? kLetters.find(text_[at_]) : std::string_view::npos;
    if (letter == std::string_view::npos) return not_json();
    out += kMeant[letter];
    ++at_;
    return true;
  }

  bool read_code_point(std::string& out) {
    std::uint32_t code = 0;
    if (!read_hex4(code)) return false;
    if (code >= 0xDC00 && code <= 0xDFFF) return not_json();
    if (code >= 0xD800 && code <= 0xDBFF) {
      std::uint32_t low = 0;
      if (!skip('\\') || !skip('u') || !read_hex4(low) || low < 0xDC00 || low > 0xDFFF) return not_json();
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  bool read_hex4(std::uint32_t& code) {
    if (text_.size() - at_ < 4) return not_json();
    for (int i = 0; i < 4; ++i) {
      const char c = text_[at_];
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9')
        digit = static_cast<std::uint32_t>(c - '0');
      else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        digit = static_cast<std::uint32_t>((c | 0x20) - 'a') + 10;
      else
        return not_json();
      code = (code << 4) | digit;
      ++at_;
    }
    return true;
  }

  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | (code >> 6));
      tail(0);
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0 | (code >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xF0 | (code >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  bool skip_digits() {
    const std::size_t before = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ != before;
  }

  // RFC 8259 section 6. A number that no double holds is refused rather than made infinite or zero.
  bool read_number(Value& out) {
    const char* const begin = text_.data() + at_;
    skip('-');
    if (!skip('0') && !skip_digits()) return not_json();
    bool whole = true;
    if (skip('.')) {
      whole = false;
      if (!skip_digits()) return not_json();
    }
    if (peek() == 'e' || peek() == 'E') {
      whole = false;
      ++at_;
      if (!skip('+')) skip('-');
      if (!skip_digits()) return not_json();
    }
    const char* const end = text_.data() + at_;
    std::int64_t integer = 0;
    if (whole && std::from_chars(begin, end, integer).ec == std::errc()) {
      out = Value(integer);
      return true;
    }
    double real = 0;
    if (std::from_chars(begin, end, real).ec != std::errc()) return fail("a number out of range");
    out = Value(real);
    return true;
  }

  std::string_view text_;
  const Limits& limits_;
  Object members_;  // of the objects that have begun, so that one that ends takes the room that it needs
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  std::string problem_;
};

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {  // JSON has no name for it
    out += "null";
    return;
  }
  std::array<char, 32> digits{};
  const auto done = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  const std::string_view text(digits.data(), static_cast<std::size_t>(done.ptr - digits.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";  // read again, it is a double again
}

void append(std::string& out, const Value& value) {
  if (const bool* flag = value.as_bool()) {
    out += *flag ? "true" : "false";
  } else if (const std::int64_t* number = value.as_int()) {
    out += std::to_string(*number);
  } else if (const double* real = value.as_double()) {
    append_number(out, *real);
  } else if (const std::string* text = value.as_string()) {
    append_quoted(out, *text);
  } else if (const Array* array = value.as_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i != 0) out += ',';
      append(out, (*array)[i]);
    }
    out += ']';
  } else if (const Object* object = value.as_object()) {
    out += '{';
    for (std::size_t i = 0; i < object->size(); ++i) {
      if (i != 0) out += ',';
      append_quoted(out, (*object)[i].first);
      out += ':';
      append(out, (*object)[i].second);
    }
    out += '}';
  } else {
    out += "null";
  }
}

// Stands for itself within quotes.
bool is_plain(char c) {
  return c >= ' ' && c < 0x7F && c != '"' && c != '\\';
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  const Object* object = as_object();
  if (object == nullptr) return nullptr;
  for (const Member& member : *object)
    if (member.first == name) return &member.second;
  return nullptr;
}

void Value::set(std::string_view name, Value value) {
  if (is_null()) data_ = Object{};
  Object& object = *as_object();
  for (Member& member : object) {
    if (member.first != name) continue;
    member.second = std::move(value);
    return;
  }
  object.emplace_back(std::string(name), std::move(value));
}

Result<Value, std::string> parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes)
    return std::string("longer than " + std::to_string(limits.bytes) + " bytes");
  if (text.starts_with("\xEF\xBB\xBF")) return std::string("begins with a byte-order mark");
  Reader reader(text, limits);
  Value value;
  if (!reader.read_document(value)) return reader.take_problem();
  return value;
}

std::string dump(const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

std::size_t heap_bytes(const Value& value) {
  constexpr std::size_t kOfAllocator = 16, kWithin = 15;  // of a piece; of a string without one
  const auto of_string = [](const std::string& text) {
    return text.capacity() > kWithin ? text.capacity() + 1 + kOfAllocator : 0;
  };
  if (const std::string* text = value.as_string()) return of_string(*text);
  std::size_t bytes = 0;
  if (const Array* array = value.as_array()) {
    bytes += array->capacity() * sizeof(Value) + kOfAllocator;
    for (const Value& element : *array) bytes += heap_bytes(element);
  } else if (const Object* object = value.as_object()) {
    bytes += object->capacity() * sizeof(Member) + kOfAllocator;
    for (const auto& [name, member] : *object) bytes += of_string(name) + heap_bytes(member);
  }
  return bytes;
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0;;) {
    const std::size_t plain = i;
    while (i < text.size() && is_plain(text[i])) ++i;
    out.append(text, plain, i - plain);
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i++];
    } else if (c == '\n') {
      out += "\\n";
      ++i;
    } else if (c < 0x20 || c == 0x7F) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
      ++i;
    } else if (const std::size_t length = utf8_length(text, i); length != 0) {
      out.append(text, i, length);
      i += length;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
  out += '"';
}

}  // namespace gw::json
