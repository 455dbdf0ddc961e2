// SPDX-License-Identifier: Apache-2.0
// A backend's section is its plugin's, but for a few keys: it is handed on as JSON, with paths made absolute
// and secrets read.
#include <algorithm>
#include <array>

#include "config/scalars.h"
#include "config/sections.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"plugin", "name", "required",
        "`gatewarden_NAME.so` in `plugin_dir`; the other keys are the plugin's own"},
    Key{"path", "path", "none",
        "of a plugin that reads a file; so is every key that ends in `_path` or `_file`"},
    Key{"subject", "text", "{backend}:{id}", "the `sub` of its accounts; two backends may not make the same"},
    Key{"when_away", "`refuse` or `next`", "refuse",
        "while it cannot answer: 503 `backend_unavailable`, or the next backend may decide"},
    Key{"time_limit", "duration", "20s", "of one call into the plugin; a longer one is given up"},
    Key{"upgrade_to", "`argon2id`", "none",
        "older hashes are replaced at the next good login; the backend must be writable"},
};

// It becomes part of a file name.
bool is_plugin_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// It stands in the subject of every account: "{backend}:{id}".
bool is_backend_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool names_path(std::string_view key) {
  return key == "path" || key.ends_with("_path") || key.ends_with("_file");
}

bool is_secret_file(const Node& node) {
  return node.kind == Kind::map && node.entries.size() == 1 && node.entries[0].key == "file";
}

json::Value json_of(Context& context, const Item& item, bool is_path) {
  const Node& node = *item.node;
  if (node.kind == Kind::nothing || node.unknown) return {};
  if (node.kind == Kind::text) {
    if (is_path && !node.text.empty()) return resolve_path(context, node.text);
    return scalar_of(node);
  }
  if (node.kind == Kind::list) {
    json::Array array;
    for (const Item& each : read_list(context, item)) array.push_back(json_of(context, each, is_path));
    return array;
  }
  if (is_secret_file(node)) {
    const auto secret = read_secret(context, item);
    return secret ? json::Value(secret->reveal()) : json::Value();
  }
  json::Object object;
  for (const NamedItem& member : read_map(context, item))
    object.emplace_back(member.name, json_of(context, member.value, names_path(member.name)));
  return object;
}

// One of `words`, or nothing after a report.
std::optional<std::string> read_word(Context& context, const Item& item,
                                     std::initializer_list<std::string_view> words) {
  const auto text = read_text(context, item);
  if (!text || std::find(words.begin(), words.end(), *text) != words.end()) return text;
  std::string known;
  for (const std::string_view word : words) known += (known.empty() ? "" : " or ") + std::string(word);
  report(context, item, "expected " + known + ", found " + in_quotes(*text));
  return std::nullopt;
}

void parse_time_limit(Context& context, const Item& item, auth::BackendOptions& backend) {
  const auto text = read_text(context, item);
  if (!text) return;
  const auto limit = parse_duration(*text);
  if (limit && *limit >= 100ms && *limit <= 10min)
    backend.time_limit = *limit;
  else
    report(context, item, "expected a duration from 100ms to 10m, found " + in_quotes(*text));
}

// What the gateway itself takes of a section; false: the key is the plugin's.
bool parse_own_key(Context& context, const NamedItem& member, auth::BackendOptions& backend) {
  if (member.name == "when_away") {
    const auto word = read_word(context, member.value, {"refuse", "next"});
    backend.ask_next_when_away = word && *word == "next";
  } else if (member.name == "upgrade_to") {
    const auto word = read_word(context, member.value, {"argon2id"});
    backend.upgrade_hashes = word && *word == "argon2id";
  } else if (member.name == "time_limit") {
    parse_time_limit(context, member.value, backend);
  } else {
    return false;
  }
  return true;
}

auth::BackendOptions parse_backend(Context& context, const NamedItem& member) {
  auth::BackendOptions backend;
  backend.name = member.name;
  backend.place = member.place;
  if (!is_backend_name(member.name))
    context.issues.error(member.place,
                         "backends: " + in_quotes(member.name) +
                             " is no name for a backend (letters, digits, - and _; at most 64)");
  bool has_plugin = false;
  json::Object section;
  for (const NamedItem& each : read_map(context, member.value)) {
    if (parse_own_key(context, each, backend)) continue;
    if (each.name != "plugin") {
      section.emplace_back(each.name, json_of(context, each.value, names_path(each.name)));
      continue;
    }
    has_plugin = true;
    backend.place = context.place_of(*each.value.node);
    const auto plugin = read_text(context, each.value);
    if (plugin && !is_plugin_name(*plugin))
      report(context, each.value,
             in_quotes(*plugin) + " is no name of a plugin (a-z, 0-9 and _: gatewarden_NAME.so)");
    backend.plugin = plugin.value_or("");
  }
  if (!has_plugin && member.value.node->kind == Kind::map)
    report(context, member.value, "the key \"plugin\" is missing (add it)");
  backend.section = std::move(section);
  return backend;
}

}  // namespace

const Section kBackendSection{"backends.NAME", kKeys};

std::vector<auth::BackendOptions> parse_backends(Context& context, const Item& item) {
  std::vector<auth::BackendOptions> backends;
  for (const NamedItem& member : read_map(context, item)) backends.push_back(parse_backend(context, member));
  return backends;
}

}  // namespace gw::config
