// SPDX-License-Identifier: Apache-2.0
// The first level of a JSON object, found without building anything: where the name and the value of each
// member stand in the text. There is an outline only of what json::parse takes as well, with the same members
// in the same order; and only of what is simple: of a text that is long or deep, or has an escape anywhere,
// there is none, and parse() says what it is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gw::json {

// A value as it stands in the text of an outline.
class Raw {
 public:
  explicit Raw(std::string_view text) : text_(text) {}

  std::string_view text() const { return text_; }
  bool is_list() const { return text_.front() == '['; }
  bool is_object() const { return text_.front() == '{'; }
  // Nothing when the value is of another kind, as Value's.
  std::optional<std::string_view> as_string() const;
  std::optional<std::int64_t> as_int() const;
  std::optional<double> as_double() const;

  // Calls `take(std::string_view)` for each element of a list. False as soon as one is no string, or when
  // this is no list.
  template <class Take>
  bool for_each_string(Take&& take) const {
    if (!is_list()) return false;
    for (std::size_t at = 1;; ++at) {
      at = text_.find_first_not_of(" \n\r\t,", at);
      if (text_[at] == ']') return true;
      if (text_[at] != '"') return false;
      const std::size_t begin = at + 1;
      at = text_.find('"', begin);
      take(text_.substr(begin, at - begin));
    }
  }

 private:
  std::string_view text_;  // never empty
};

class Outline {
 public:
  static constexpr std::size_t kMaxBytes = 0xFFFF, kMaxMembers = 32;

  struct Member {  // offsets and sizes in the text; a name's without its quotes
    std::uint16_t name, name_size, value, value_size;
  };

  Outline() = default;
  // Of a text that has been read, or a copy of it.
  Outline(std::string_view text, std::span<const Member> members) : text_(text), members_(members) {}

  std::string_view text() const { return text_; }
  std::span<const Member> members() const { return members_; }
  std::string_view name(const Member& member) const { return text_.substr(member.name, member.name_size); }
  Raw value(const Member& member) const { return Raw(text_.substr(member.value, member.value_size)); }
  std::optional<Raw> find(std::string_view name) const;

 private:
  std::string_view text_;
  std::span<const Member> members_;
};

// The outline refers to `text` and to `room`.
std::optional<Outline> read_outline(std::string_view text,
                                    std::span<Outline::Member, Outline::kMaxMembers> room);

}  // namespace gw::json
