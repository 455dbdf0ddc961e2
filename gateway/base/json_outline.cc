// SPDX-License-Identifier: Apache-2.0
#include "base/json_outline.h"

#include <array>
#include <charconv>

#include "base/utf8.h"

namespace gw::json {
namespace {

constexpr unsigned kMaxDepth = 8, kMaxValues = 512;
constexpr std::size_t kMaxNestedMembers = 16;
constexpr std::ptrdiff_t kAlwaysInRange = 18;  // digits of a whole number

enum class InString : std::uint8_t { plain, wide, ends };  // ends: the quote, and what there is no outline of

constexpr std::array<InString, 256> make_in_string() {
  std::array<InString, 256> kinds{};
  for (std::size_t c = 0; c < 256; ++c)
    kinds[c] = c < 0x20 || c == '"' || c == '\\' ? InString::ends
               : c >= 0x80                       ? InString::wide
                                                 : InString::plain;
  return kinds;
}
constexpr auto kInString = make_in_string();

// Names are compared only where length and first letter were seen before.
class NameFilter {
 public:
  bool may_have(std::string_view name) {
    const std::uint64_t bit =
        std::uint64_t{1} << ((name.size() * 7 + (name.empty() ? 0u : static_cast<unsigned char>(name[0]))) &
                             63);
    const bool seen = (seen_ & bit) != 0;
    seen_ |= bit;
    return seen;
  }

 private:
  std::uint64_t seen_ = 0;
};

class OutlineReader {
 public:
  OutlineReader(std::string_view text, std::span<Outline::Member, Outline::kMaxMembers> room)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), room_(room) {}

  std::optional<std::size_t> read() {
    skip_space();
    if (!read_members() || (skip_space(), at_ != end_)) return std::nullopt;
    if (is_wide_ && !is_utf8({begin_, static_cast<std::size_t>(end_ - begin_)})) return std::nullopt;
    return count_;
  }

 private:
  std::uint16_t offset(const char* at) const { return static_cast<std::uint16_t>(at - begin_); }

  bool skip(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  // `take(name, value)` of each member.
  template <class Take>
  bool read_object(unsigned depth, Take take) {
    if (!skip('{')) return false;
    skip_space();
    if (skip('}')) return true;
    do {
      skip_space();
      const char* const name = at_ + 1;
      if (!skip_string()) return false;
      const std::string_view named(name, static_cast<std::size_t>(at_ - 1 - name));
      skip_space();
      if (!skip(':')) return false;
      skip_space();
      const char* const value = at_;
      if (!skip_value(depth + 1)) return false;
      if (!take(named, value)) return false;
      skip_space();
    } while (skip(','));
    return skip('}');
  }

  bool read_members() {
    NameFilter names;
    return read_object(1, [&](std::string_view name, const char* value) {
      if (count_ == room_.size()) return false;
      if (names.may_have(name))
        for (std::size_t i = 0; i < count_; ++i)
          if (name == std::string_view(begin_ + room_[i].name, room_[i].name_size)) return false;
      room_[count_++] = {offset(name.data()), static_cast<std::uint16_t>(name.size()), offset(value),
                         static_cast<std::uint16_t>(at_ - value)};
      return true;
    });
  }

  bool skip_object(unsigned depth) {
    std::array<std::string_view, kMaxNestedMembers> names;
    std::size_t count = 0;
    return read_object(depth, [&](std::string_view name, const char*) {
      if (count == names.size()) return false;
      for (std::size_t i = 0; i < count; ++i)
        if (names[i] == name) return false;
      names[count++] = name;
      return true;
    });
  }

  bool skip_value(unsigned depth) {
    if (depth > kMaxDepth || ++values_ > kMaxValues || at_ == end_) return false;
    switch (*at_) {
      case '{':
        return skip_object(depth);
      case '[':
        return skip_array(depth);
      case '"':
        return skip_string();
      case 't':
        return skip_word("true");
      case 'f':
        return skip_word("false");
      case 'n':
        return skip_word("null");
      default:
        return skip_number();
    }
  }

  bool skip_array(unsigned depth) {
    ++at_;
    skip_space();
    if (skip(']')) return true;
    do {
      skip_space();
      if (!skip_value(depth + 1)) return false;
      skip_space();
    } while (skip(','));
    return skip(']');
  }

  bool skip_word(std::string_view word) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool skip_string() {
    if (!skip('"')) return false;
    for (; at_ != end_; ++at_) {
      const InString kind = kInString[static_cast<unsigned char>(*at_)];
      if (kind == InString::ends) return skip('"');
      is_wide_ = is_wide_ || kind == InString::wide;
    }
    return false;
  }

  bool skip_digits() {
    const char* const before = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != before;
  }

  bool skip_number() {
    const char* const number = at_;
    skip('-');
    if (!skip('0') && !skip_digits()) return false;
    bool is_whole = true;
    if (skip('.')) {
      is_whole = false;
      if (!skip_digits()) return false;
    }
    if (skip('e') || skip('E')) {
      is_whole = false;
      if (!skip('+')) skip('-');
      if (!skip_digits()) return false;
    }
    double real = 0;
    return (is_whole && at_ - number <= kAlwaysInRange) ||
           std::from_chars(number, at_, real).ec == std::errc();
  }

  const char* const begin_;
  const char* at_;
  const char* const end_;
  std::span<Outline::Member, Outline::kMaxMembers> room_;
  std::size_t count_ = 0;
  unsigned values_ = 0;
  bool is_wide_ = false;
};

bool starts_number(char c) {
  return c == '-' || (c >= '0' && c <= '9');
}

}  // namespace

std::optional<std::string_view> Raw::as_string() const {
  if (text_.front() != '"') return std::nullopt;
  return text_.substr(1, text_.size() - 2);
}

std::optional<std::int64_t> Raw::as_int() const {
  std::int64_t integer = 0;
  const char* const end = text_.data() + text_.size();
  const auto read = std::from_chars(text_.data(), end, integer);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return integer;
}

std::optional<double> Raw::as_double() const {
  if (!starts_number(text_.front()) || as_int()) return std::nullopt;
  double real = 0;
  std::from_chars(text_.data(), text_.data() + text_.size(), real);
  return real;
}

std::optional<Raw> Outline::find(std::string_view wanted) const {
  for (const Member& member : members_)
    if (name(member) == wanted) return value(member);
  return std::nullopt;
}

std::optional<Outline> read_outline(std::string_view text,
                                    std::span<Outline::Member, Outline::kMaxMembers> room) {
  if (text.empty() || text.size() > Outline::kMaxBytes) return std::nullopt;
  const auto count = OutlineReader(text, room).read();
  if (!count) return std::nullopt;
  return Outline(text, room.first(*count));
}

}  // namespace gw::json
