// SPDX-License-Identifier: Apache-2.0
#include "config/environment.h"

#include <cstdlib>
#include <utility>

#include "base/utf8.h"
#include "config/units.h"

namespace gw::config {
namespace {

bool is_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  if (name.empty() || !is_letter(name[0])) return false;
  for (const char c : name)
    if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
  return true;
}

// `inside` is what stands between the braces.
Result<std::string, NotExpanded> value_of(std::string_view inside, const Environment& environment) {
  const std::size_t separator = inside.find(":-");
  const std::string name(inside.substr(0, separator));
  if (!is_name(name))
    return NotExpanded{in_quotes("${" + std::string(inside) + "}") +
                       " does not name an environment variable (write $${ for the characters themselves)"};
  const bool has_default = separator != std::string_view::npos;
  std::optional<std::string> value = environment(name);
  if (has_default && (!value || value->empty())) return std::string(inside.substr(separator + 2));
  if (!value)
    return NotExpanded{"the environment variable " + name + " is not set (set it, or write ${" + name +
                       ":-default})"};
  if (!is_utf8(*value))
    return NotExpanded{"the environment variable " + name + " is not valid UTF-8 (correct its value)"};
  return std::move(*value);
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Result<std::string, NotExpanded> expand(std::string_view text, const Environment& environment) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("$$")) {
      out += '$';
      i += 2;
      continue;
    }
    if (!rest.starts_with("${")) {
      out += text[i++];
      continue;
    }
    const std::size_t end = rest.find('}');
    if (end == std::string_view::npos) return NotExpanded{"`${` without its `}` (close it, or write $${)"};
    auto value = value_of(rest.substr(2, end - 2), environment);
    if (!value) return value;
    out += *value;
    i += end + 1;
  }
  return out;
}

void expand_values(Document& document, const Environment& environment, const std::string& file,
                   Issues& issues) {
  for (Node& node : document.nodes()) {
    if (node.kind != Kind::text || node.is_key || node.text.find('$') == std::string::npos) continue;
    auto expanded = expand(node.text, environment);
    if (!expanded) {
      issues.error({file, node.line, node.column}, std::move(expanded.error().why));
      node.unknown = true;
      continue;
    }
    node.is_variable = node.text.find("${") != std::string::npos;
    node.plain = false;
    node.text = std::move(*expanded);
  }
}

}  // namespace gw::config
