// SPDX-License-Identifier: Apache-2.0
#include "config/describe.h"

#include <algorithm>
#include <array>
#include <string>

#include "config/scalars.h"
#include "config/sections.h"

namespace gw::config {
namespace {

constexpr std::string_view kHidden = "(hidden)";
constexpr std::string_view kVariable = "(from the environment)";
// What routes inherit shows in them.
constexpr std::array<std::string_view, 3> kRoutes{"routes", "defaults", "templates"};

const Section* find_section(const std::string& path) {
  for (const Section* section : all_sections())
    if (section->path == path) return section;
  return nullptr;
}

const Key* find_key(const Section& section, std::string_view name) {
  const auto key = std::find_if(section.keys.begin(), section.keys.end(),
                                [&](const Key& one) { return one.name == name; });
  return key == section.keys.end() ? nullptr : &*key;
}

// "https://user:password@host/path?query" without what may open a door.
std::string without_credentials(std::string text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const std::size_t begin = scheme + 3;
  if (const std::size_t query = text.find_first_of("?#", begin); query != std::string::npos)
    text.replace(query + 1, std::string::npos, kHidden);
  const std::size_t end = std::min(text.find('/', begin), text.size());
  if (const std::size_t at = text.rfind('@', end); at != std::string::npos && at >= begin)
    text.replace(begin, at - begin, kHidden);
  return text;
}

json::Value hidden(const Node& node) {
  const bool is_file = node.kind == Kind::map && node.entries.size() == 1 && node.entries[0].key == "file";
  if (is_file && !node.entries[0].value->is_variable)
    return json::Object{{"file", node.entries[0].value->text}};
  return kHidden;
}

json::Value shown(const Node& node, const std::string& path);

json::Value member(const Node& node, const std::string& path, const Section& section,
                   const std::string& name) {
  const Key* key = find_key(section, name);
  if (key == nullptr || key->kind == "secret") return hidden(node);
  if (key->kind != "map of secrets") return shown(node, path.empty() ? name : path + "." + name);
  json::Object secrets;
  for (const Entry& entry : node.entries) secrets.emplace_back(entry.key, hidden(*entry.value));
  return secrets;
}

json::Value map(const Node& node, const std::string& path) {
  json::Object all;
  const Section* section = find_section(path);
  for (const Entry& entry : node.entries) {
    if (path.empty() && std::find(kRoutes.begin(), kRoutes.end(), entry.key) != kRoutes.end()) continue;
    const bool named = section == nullptr && find_section(path + ".NAME") != nullptr;
    all.emplace_back(entry.key, section != nullptr ? member(*entry.value, path, *section, entry.key)
                                                   : shown(*entry.value, named ? path + ".NAME" : path));
  }
  return all;
}

json::Value shown(const Node& node, const std::string& path) {
  switch (node.kind) {
    case Kind::map:
      return map(node, path);
    case Kind::list: {
      json::Array all;
      for (const Node* item : node.items) all.push_back(shown(*item, path + "[]"));
      return all;
    }
    case Kind::text: {
      if (node.is_variable) return kVariable;
      const json::Value value = scalar_of(node);
      return value.as_string() != nullptr ? json::Value(without_credentials(node.text)) : value;
    }
    case Kind::nothing:
      break;
  }
  return {};
}

}  // namespace

json::Value describe(const Node& root) {
  return shown(root, "");
}

}  // namespace gw::config
