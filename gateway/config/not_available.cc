// SPDX-License-Identifier: Apache-2.0
#include "config/not_available.h"

#include <array>

namespace gw::config {
namespace {

struct Row {
  std::string_view section;
  std::string_view key;
  std::string_view value;  // "*": every value; "{}": a map; "redis*": by its beginning; else that text
};

constexpr std::array kRows{
    Row{"", "tracing", "*"},
};

bool matches(std::string_view pattern, const Node& value) {
  if (pattern == "{}") return value.kind == Kind::map;
  if (value.kind != Kind::text) return false;
  if (pattern.ends_with('*')) return value.text.starts_with(pattern.substr(0, pattern.size() - 1));
  return value.text == pattern;
}

}  // namespace

bool is_key_not_available(std::string_view section, std::string_view key) {
  for (const Row& row : kRows)
    if (row.section == section && row.key == key && row.value == "*") return true;
  return false;
}

bool is_value_not_available(std::string_view section, std::string_view key, const Node& value) {
  for (const Row& row : kRows)
    if (row.section == section && row.key == key && row.value != "*" && matches(row.value, value))
      return true;
  return false;
}

}  // namespace gw::config
