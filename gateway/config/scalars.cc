// SPDX-License-Identifier: Apache-2.0
#include "config/scalars.h"

#include <cstdint>
#include <optional>

#include "config/units.h"

namespace gw::config {
namespace {

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  const auto number = parse_unsigned(is_negative ? text.substr(1) : text);
  if (!number || *number > INT64_MAX) return std::nullopt;
  return is_negative ? -static_cast<std::int64_t>(*number) : static_cast<std::int64_t>(*number);
}

// "007" is a name, not a number.
bool has_leading_zero(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] != '.';
}

}  // namespace

json::Value scalar_of(const Node& node) {
  if (!node.plain || has_leading_zero(node.text)) return node.text;
  if (node.text == "true") return true;
  if (node.text == "false") return false;
  if (const auto number = parse_integer(node.text)) return *number;
  if (const auto number = parse_decimal(node.text)) return *number;
  return node.text;
}

}  // namespace gw::config
