// SPDX-License-Identifier: Apache-2.0
#include "attack/text.h"

#include <algorithm>
#include <charconv>

namespace gw::attack {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string with_dashes_as(std::string text, char other, bool only_last = false) {
  if (only_last) {
    if (const std::size_t last = text.rfind('-'); last != std::string::npos) text[last] = other;
    return text;
  }
  std::replace(text.begin(), text.end(), '-', other);
  return text;
}

// Each letter as %XX.
std::string escaped_letters(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_letter(c))
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    else
      out += c;
  }
  return out;
}

std::string doubly_escaped(std::string_view text) {
  std::string out;
  for (const char c : escaped_letters(text)) out += c == '%' ? std::string("%25") : std::string(1, c);
  return out;
}

std::string in_form(const std::string& text, std::string_view form) {
  if (form == "lower") return lower_case(text);
  if (form == "upper") return upper_case(text);
  if (form == "_upper") return upper_case(with_dashes_as(text, '_'));
  if (form == "-_") return with_dashes_as(text, '_', true);
  return form.size() == 1 ? with_dashes_as(text, form.front()) : text;
}

std::string repeated(std::string_view part, std::ptrdiff_t times) {
  std::string out;
  for (std::ptrdiff_t i = 0; i < times; ++i) out += part;
  return out;
}

std::string find_word(std::string_view name, const Words& words, bool& known) {
  known = true;
  if (const auto whole = words.find(std::string(name)); whole != words.end()) return whole->second;
  const std::size_t colon = name.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view form = name.substr(colon + 1);
    std::size_t count = 0;
    const auto parsed = std::from_chars(form.data(), form.data() + form.size(), count);
    if (name.starts_with("long:") && parsed.ec == std::errc()) return std::string(count, 'a');
    if (const auto base = words.find(std::string(name.substr(0, colon))); base != words.end())
      return in_form(base->second, form);
  }
  known = false;
  return {};
}

}  // namespace

std::string expand(std::string_view text, const Words& words) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    const std::size_t close = text.find('}');
    bool known = false;
    std::string word;
    if (close != std::string_view::npos) word = find_word(text.substr(1, close - 1), words, known);
    if (known) {
      out += word;
      text.remove_prefix(close + 1);
    } else if (!text.empty()) {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string folded(std::string_view name) {
  std::string out = lower_case(name);
  for (char& c : out)
    if (!is_letter(c) && !(c >= '0' && c <= '9')) c = '-';
  return out;
}

void add_paths(Words& words, const std::string& guarded, const std::string& open) {
  const std::size_t second = std::min(guarded.find('/', 1), guarded.size());
  const bool has_second = second < guarded.size();
  words["path"] = guarded;
  words["PATH"] = upper_case(guarded);
  words["path%"] = escaped_letters(guarded);
  words["path%%"] = doubly_escaped(guarded);
  words["tail"] = guarded.substr(1);
  words["first"] = has_second ? guarded.substr(0, second) : "";
  words["rest"] = has_second ? guarded.substr(second + 1) : guarded.substr(1);
  words["open"] = open;
  const auto depth = std::count(open.begin(), open.end(), '/');
  words["up"] = repeated("/..", depth);
  words["up%"] = repeated("/%2e%2e", depth);
}

}  // namespace gw::attack
