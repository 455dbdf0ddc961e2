// SPDX-License-Identifier: Apache-2.0
#include "policy/claim_text.h"

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

  for (std::size_t i = 0; i < text.size();) {
    const std::size_t plain = i;
    while (i >= begin && i < end && is_plain(text[i], separator)) ++i;
    out.append(text, plain, i - plain);
    if (i == text.size()) return;
    const auto byte = static_cast<unsigned char>(text[i++]);
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

void append_claim_text(std::string& out, std::string_view text) {
  append_encoded(out, text, kNoSeparator);
}

bool append_claim(std::string& out, const json::Value& claim) {
  if (claim.is_null()) return false;
  const json::Array* list = claim.as_array();
  if (list == nullptr) return append_value(out, claim, kNoSeparator), true;
  for (const json::Value& element : *list) {
    if (&element != &list->front()) out += ',';
    append_value(out, element, ',');
  }
  return !list->empty();
}

bool append_list(std::string& out, const std::vector<std::string_view>& list, char separator) {
  for (const std::string_view& element : list) {
    if (&element != &list.front()) out += separator;
    append_encoded(out, element, separator);
  }
  return !list.empty();
}

}  // namespace gw::policy
