// SPDX-License-Identifier: Apache-2.0
#include "policy/query_parameter.h"

namespace gw::policy {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Without a copy; an escape that is none stands for itself.
bool decodes_to(std::string_view encoded, std::string_view plain) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < encoded.size(); ++i, ++at) {
    char c = encoded[i];
    if (c == '+') c = ' ';
    if (c == '%' && i + 2 < encoded.size() && hex_value(encoded[i + 1]) >= 0 &&
        hex_value(encoded[i + 2]) >= 0) {
      c = static_cast<char>(hex_value(encoded[i + 1]) * 16 + hex_value(encoded[i + 2]));
      i += 2;
    }
    if (at >= plain.size() || plain[at] != c) return false;
  }
  return at == plain.size();
}

}  // namespace

bool query_says(std::string_view query, std::string_view name, std::string_view value) {
  bool found = false;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(parameter.size() + (parameter.size() < query.size() ? 1 : 0));
    const std::size_t equals = parameter.find('=');
    if (!decodes_to(parameter.substr(0, equals), name)) continue;
    const std::string_view said =
        equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
    if (found || !decodes_to(said, value)) return false;
    found = true;
  }
  return found;
}

std::string encode_query(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace gw::policy
