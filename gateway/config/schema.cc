// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "config/sections.h"
#include "config/units.h"

namespace gw::config {
namespace {

using json::Array;
using json::Object;
using json::Value;

const Section* find_section(const std::string& path) {
  for (const Section* section : all_sections())
    if (section->path == path) return section;
  return nullptr;
}

Value reference(std::string_view name) {
  return Object{{"$ref", "#/$defs/" + std::string(name)}};
}

// "routes[].require" without what a URI fragment may not hold.
std::string name_of(const Section& section) {
  std::string name(section.path);
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  return name;
}

Value reference_to(const Section& section) {
  return reference(name_of(section));
}

// The alternatives of a kind: "list of text, or `any`" is two.
std::vector<std::string> alternatives_of(std::string_view kind) {
  std::string text(kind);
  for (const std::string_view between : {", or ", " or ", ", "})
    for (std::size_t at = 0; (at = text.find(between, at)) != std::string::npos;)
      text.replace(at, between.size(), "|");
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('|', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string without_ticks(std::string text) {
  std::erase(text, '`');
  return text;
}

// A word of a choice; `header:NAME` stands for all that begin so.
void add_word(const std::string& word, Array& words, Array& others) {
  if (const std::size_t name = word.find("NAME"); name != std::string::npos) {
    others.push_back(Object{{"type", "string"}, {"pattern", "^" + word.substr(0, name) + "."}});
  } else if (word == "true" || word == "false") {
    words.emplace_back(word == "true");
  } else {
    words.emplace_back(word);
    // 1.3 in YAML is a number to whoever reads it as one.
    if (const auto number = json::parse(word); number && number->is_number()) words.push_back(*number);
  }
}

// What a key of a section may hold, apart from words.
class KindReader {
 public:
  explicit KindReader(std::string path) : path_(std::move(path)) {}

  Value read(const std::string& kind) const {
    if (kind == "number") return reference("number");
    if (kind == "duration") return reference("duration");
    if (kind == "size") return reference("size");
    if (kind == "secret") return reference("secret");
    if (kind.starts_with("map")) return map(kind);
    if (kind.starts_with("list")) return list(kind);
    return reference("text");
  }

 private:
  Value map(const std::string& kind) const {
    Object schema{{"type", "object"}};
    if (kind == "map") {
      const Section* section = find_section(path_);
      return section != nullptr ? reference_to(*section) : Value(std::move(schema));
    }
    Value each = reference(kind == "map of secrets" ? "secret" : "text");
    if (path_ == "templates") each = reference_to(kRouteSection);
    if (const Section* section = find_section(path_ + ".NAME")) each = reference_to(*section);
    schema.emplace_back("additionalProperties", std::move(each));
    return schema;
  }

  Value list(const std::string& kind) const {
    Object schema{{"type", "array"}};
    const Section* section = find_section(path_ + "[]");
    if (section == &kUpstreamServerSection)
      schema.emplace_back("items", Object{{"anyOf", Array{reference("text"), reference_to(*section)}}});
    else if (section != nullptr)
      schema.emplace_back("items", reference_to(*section));
    else if (const std::size_t tick = kind.find('`'); tick != std::string::npos)
      schema.emplace_back("items", Object{{"enum", Array{without_ticks(kind.substr(tick))}}});
    else
      schema.emplace_back("items", reference("text"));
    return schema;
  }

  const std::string path_;
};

Value value_of(const Key& key, const std::string& path) {
  Array words, others;
  for (const std::string& part : alternatives_of(key.kind)) {
    const bool is_word = part.front() == '`' || part == "true" || part == "false";
    if (is_word)
      add_word(without_ticks(part), words, others);
    else
      others.push_back(KindReader(path).read(part));
  }
  if (path == "defaults") others = {reference_to(kRouteSection)};
  if (!words.empty()) {
    // Any value may come from a variable.
    others.push_back(reference("variable"));
    others.push_back(Object{{"enum", std::move(words)}});
  }
  if (others.size() == 1) return std::move(others.front());
  return Object{{"anyOf", std::move(others)}};
}

// The default, where the table writes a value and no prose.
std::optional<Value> default_of(const Key& key) {
  constexpr std::array<std::string_view, 5> kProse{"required", "none", "any", "all", "never"};
  const std::string text(key.fallback);
  const bool is_choice = key.kind.find("`" + text + "`") != std::string_view::npos;
  if (is_choice && text != "true" && text != "false") return Value(text);
  if (text == "[]") return Value(Array());
  if (text == "{}") return Value(Object());
  if (std::find(kProse.begin(), kProse.end(), text) != kProse.end()) return std::nullopt;
  if (text.find_first_of(" `'") != std::string::npos || text.front() == '[') return std::nullopt;
  const auto value = json::parse(text);
  return value ? *value : Value(text);
}

// `auth: required` is a default, not a demand.
bool is_required(const Key& key) {
  return key.fallback == "required" && key.kind.find("`required`") == std::string_view::npos;
}

Value object_of(const Section& section) {
  const std::string prefix = section.path.empty() ? "" : std::string(section.path) + ".";
  Object properties;
  Array required;
  for (const Key& key : section.keys) {
    Value value = value_of(key, prefix + std::string(key.name));
    value.set("description", key.meaning);
    if (auto fallback = default_of(key)) value.set("default", std::move(*fallback));
    properties.emplace_back(key.name, std::move(value));
    if (is_required(key)) required.emplace_back(key.name);
  }
  Value schema = Object{{"type", "object"}, {"properties", std::move(properties)}};
  // The other keys of a backend are its plugin's own.
  schema.set("additionalProperties", &section == &kBackendSection);
  if (&section == &kRouteSection || required.empty()) return schema;  // what a route must say, it may inherit
  Value alternative;
  if (section.path.empty()) alternative = Array{"include"};
  if (&section == &kListenerTlsSection) alternative = Array{"certificates"};
  if (alternative.is_null())
    schema.set("required", std::move(required));
  else
    schema.set("anyOf", Array{Object{{"required", std::move(required)}}, Object{{"required", alternative}}});
  return schema;
}

Value pattern(std::string_view text, std::string_view examples) {
  return Object{{"type", "string"}, {"pattern", text}, {"description", examples}};
}

void add_kinds(Value& definitions) {
  definitions.set("variable",
                  pattern("\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-.*)?\\}", "${NAME} or ${NAME:-default}"));
  definitions.set("text", Object{{"type", Array{"string", "number", "boolean"}}});
  definitions.set(
      "number", Object{{"anyOf", Array{Object{{"type", "number"}, {"minimum", 0}}, reference("variable")}}});
  const auto unit = [&](std::string_view name, std::string_view form, std::string_view examples, Value bare) {
    definitions.set(
        name, Object{{"anyOf", Array{pattern(form, examples), std::move(bare), reference("variable")}}});
  };
  unit("duration", "^([0-9]+(ms|s|m|h|d)|0)$", "250ms, 30s, 15m, 12h, 30d", Object{{"const", 0}});
  unit("size", "^[0-9]+(B|KiB|MiB|GiB|TiB)?$", "64KiB, 10MiB", Object{{"type", "integer"}, {"minimum", 0}});
  const Value file = Object{{"type", "object"},
                            {"properties", Object{{"file", reference("text")}}},
                            {"required", Array{"file"}},
                            {"additionalProperties", false}};
  definitions.set("secret", Object{{"anyOf", Array{reference("text"), file}}});
}

}  // namespace

Value make_schema() {
  Value schema = Object{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                        {"title", "Gatewarden"},
                        {"description", "The configuration of Gatewarden (gatewarden.yaml)"}};
  Value root = object_of(kRootSection);
  // A route of the list has a path of its own; `defaults` and `templates` may not.
  Object route = *reference_to(kRouteSection).as_object();
  route.emplace_back("required", Array{"path"});
  for (auto& [name, member] : *root.as_object())
    if (name == "properties")
      for (auto& [key, value] : *member.as_object())
        if (key == "routes") value.set("items", route);
  for (auto& [name, member] : *root.as_object()) schema.set(name, std::move(member));
  Value definitions;
  add_kinds(definitions);
  for (const Section* section : all_sections())
    if (!section->path.empty()) definitions.set(name_of(*section), object_of(*section));
  schema.set("$defs", std::move(definitions));
  return schema;
}

}  // namespace gw::config
