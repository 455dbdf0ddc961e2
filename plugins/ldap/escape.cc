// SPDX-License-Identifier: Apache-2.0
#include "escape.h"

namespace ldap_users {
namespace {

void append_hex(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += '\\';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace

std::string escape_filter(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '*' || c == '(' || c == ')' || c == '\\' || is_control(c))
      append_hex(out, c);
    else
      out += c;
  }
  return out;
}

std::string escape_dn(std::string_view value) {
  constexpr std::string_view kSpecial = "\"+,;<>\\=#";
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool is_edge_blank = c == ' ' && (i == 0 || i + 1 == value.size());
    if (is_control(c) || is_edge_blank || kSpecial.find(c) != std::string_view::npos)
      append_hex(out, c);
    else
      out += c;
  }
  return out;
}

}  // namespace ldap_users
