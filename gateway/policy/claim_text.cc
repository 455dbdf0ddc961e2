// SPDX-License-Identifier: Apache-2.0
#include "policy/claim_text.h"

#include <string_view>

namespace gw::policy {
namespace {

constexpr char kNoSeparator = '\0';  // a control character, so encoded in any case

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_plain(char c, char separator) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '%' && c != separator;
}

void append_encoded(std::string& out, std::string_view text, char separator) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::size_t begin = 0, end = text.size();
  while (begin != end && is_blank(text[begin])) ++begin;
  while (end != begin && is_blank(text[end - 1])) --end;

  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_inside = i >= begin && i < end;
    if (is_inside && is_plain(text[i], separator)) {
      out += text[i];
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 0xF];
  }
}

void append_value(std::string& out, const json::Value& value, char separator) {
  if (const std::string* text = value.as_string()) return append_encoded(out, *text, separator);
  append_encoded(out, json::dump(value), separator);
}

}  // namespace

std::optional<std::string> format_claim(const json::Value& claim) {
  if (claim.is_null()) return std::nullopt;

  std::string text;
  const json::Array* list = claim.as_array();
  if (list == nullptr) {
    append_value(text, claim, kNoSeparator);
    return text;
  }
  if (list->empty()) return std::nullopt;
  for (const json::Value& element : *list) {
    if (&element != &list->front()) text += ',';
    append_value(text, element, ',');
  }
  return text;
}

std::optional<std::string> format_list(const std::vector<std::string>& list, char separator) {
  if (list.empty()) return std::nullopt;
  std::string text;
  for (const std::string& element : list) {
    if (&element != &list.front()) text += separator;
    append_encoded(text, element, separator);
  }
  return text;
}

}  // namespace gw::policy
