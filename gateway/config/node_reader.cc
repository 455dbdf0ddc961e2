// SPDX-License-Identifier: Apache-2.0
#include "config/node_reader.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>

#include "config/units.h"

namespace gw::config {
namespace {

std::string joined(std::span<const std::string_view> names, std::string_view last_word) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " " + std::string(last_word) + " " : ", ";
    out += names[i];
  }
  return out;
}

// Also of the last words of a key: "timout" is close to "response_timeout".
std::size_t distance_to(std::string_view unknown, std::string_view key) {
  std::size_t least = edit_distance(unknown, key);
  for (std::size_t at = key.find('_'); at != std::string_view::npos; at = key.find('_', at + 1))
    least = std::min(least, edit_distance(unknown, key.substr(at + 1)) + 1);
  return least;
}

// A key longer than any of ours is not compared: the work grows with its length.
std::string hint_for(std::string_view unknown, const Section& section) {
  constexpr std::size_t kComparable = 64;
  std::string_view nearest;
  std::size_t least = kComparable;
  std::vector<std::string_view> names;
  for (const Key& key : section.keys) {
    names.push_back(key.name);
    if (unknown.size() > kComparable) continue;
    const std::size_t distance = distance_to(unknown, key.name);
    if (distance >= least) continue;
    least = distance;
    nearest = key.name;
  }
  const std::size_t tolerated = std::max<std::size_t>(2, (unknown.size() + 1) / 2);
  if (!nearest.empty() && least <= tolerated) return " (did you mean " + in_quotes(nearest) + "?)";
  return " (known here: " + joined(names, "and") + ")";
}

std::string member(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + '.' + std::string(key);
}

template <class N, class Format>
bool is_within(Context& context, const Item& item, N value, Range<N> range, Format format) {
  if (value >= range.lowest && value <= range.highest) return true;
  report(context, item, "must be from " + format(range.lowest) + " to " + format(range.highest));
  return false;
}

}  // namespace

void report(Context& context, const Item& item, std::string_view what) {
  const std::string prefix = item.path.empty() ? "" : item.path + ": ";
  context.issues.error(context.place_of(*item.node), prefix + std::string(what));
}

void warn(Context& context, const Item& item, std::string_view what) {
  context.issues.warning(context.place_of(*item.node), item.path + ": " + std::string(what));
}

void report_kind(Context& context, const Item& item, std::string_view wanted) {
  if (item.node->unknown) return;
  const bool nothing = item.node->kind == Kind::nothing;
  report(context, item,
         "expected " + std::string(wanted) + ", found " + std::string(name_of(item.node->kind)) +
             (nothing ? " (give it a value or remove the key)" : ""));
}

std::optional<std::string> read_text(Context& context, const Item& item) {
  if (item.node->kind == Kind::text && !item.node->unknown) return item.node->text;
  report_kind(context, item, "text");
  return std::nullopt;
}

std::optional<bool> read_flag(Context& context, const Item& item) {
  const Node& node = *item.node;
  if (node.kind == Kind::text && node.text == "true") return true;
  if (node.kind == Kind::text && node.text == "false") return false;
  if (node.kind != Kind::text) {
    report_kind(context, item, "true or false");
  } else if (!node.unknown) {
    report(context, item, "expected true or false, found " + in_quotes(node.text));
  }
  return std::nullopt;
}

std::vector<Item> read_list(Context& context, const Item& item) {
  std::vector<Item> items;
  if (item.node->kind != Kind::list) report_kind(context, item, "a list");
  for (const Node* node : item.node->items)
    items.push_back({node, item.path + '[' + std::to_string(items.size()) + ']'});
  return items;
}

std::vector<NamedItem> read_map(Context& context, const Item& item) {
  std::vector<NamedItem> members;
  if (item.node->kind != Kind::map) report_kind(context, item, "a map");
  for (const Entry& entry : item.node->entries)
    members.push_back({entry.key,
                       {context.file_of(*entry.value), entry.line, entry.column},
                       {entry.value, member(item.path, entry.key)}});
  return members;
}

std::vector<std::string> read_texts(Context& context, const Item& item) {
  std::vector<std::string> texts;
  std::unordered_set<std::string> seen;
  for (const Item& each : read_list(context, item)) {
    auto text = read_text(context, each);
    if (!text) continue;
    if (text->empty()) {
      report(context, each, "is empty (remove it)");
    } else if (!seen.insert(*text).second) {
      report(context, each, in_quotes(*text) + " is there twice (remove one)");
    } else {
      texts.push_back(std::move(*text));
    }
  }
  return texts;
}

NodeReader::NodeReader(Context& context, Item item, const Section& section)
    : context_(context), item_(std::move(item)), section_(section) {
  if (!is_map()) report_kind(context_, item_, "a map");
  for (const Entry& entry : item_.node->entries) check_key(entry);
}

void NodeReader::check_key(const Entry& entry) const {
  const Place place{context_.file_of(*entry.value), entry.line, entry.column};
  const auto known = std::any_of(section_.keys.begin(), section_.keys.end(),
                                 [&](const Key& key) { return key.name == entry.key; });
  if (known) return;
  const std::string prefix = item_.path.empty() ? "" : item_.path + ": ";
  context_.issues.error(place,
                        prefix + "unknown key " + in_quotes(entry.key) + hint_for(entry.key, section_));
}

std::optional<Item> NodeReader::find(std::string_view key) const {
  assert(
      std::any_of(section_.keys.begin(), section_.keys.end(), [&](const Key& k) { return k.name == key; }));
  for (const Entry& entry : item_.node->entries) {
    if (entry.key == key) return Item{entry.value, member(item_.path, key)};
  }
  return std::nullopt;
}

bool NodeReader::has(std::string_view key) const {
  const auto& entries = item_.node->entries;
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
}

bool NodeReader::require(std::string_view key) const {
  if (has(key)) return true;
  if (!is_map()) return false;  // reported already
  report(context_, item_, "the key " + in_quotes(key) + " is missing (add it)");
  return false;
}

std::string NodeReader::text(std::string_view key, std::string fallback) const {
  const auto item = find(key);
  if (!item) return fallback;
  auto text = read_text(context_, *item);
  if (!text) return fallback;
  return std::move(*text);
}

bool NodeReader::flag(std::string_view key, bool fallback) const {
  const auto item = find(key);
  return item ? read_flag(context_, *item).value_or(fallback) : fallback;
}

Duration NodeReader::duration(std::string_view key, Duration fallback, Range<Duration> range) const {
  const auto item = find(key);
  if (!item) return fallback;
  const auto text = read_text(context_, *item);
  if (!text) return fallback;
  const auto value = parse_duration(*text);
  if (!value) {
    report(context_, *item, in_quotes(*text) + " is not a duration (write 250ms, 30s, 15m, 12h or 30d)");
    return fallback;
  }
  return is_within(context_, *item, *value, range, format_duration) ? *value : fallback;
}

std::uint64_t NodeReader::size(std::string_view key, std::uint64_t fallback,
                               Range<std::uint64_t> range) const {
  const auto item = find(key);
  if (!item) return fallback;
  const auto text = read_text(context_, *item);
  if (!text) return fallback;
  const auto value = parse_size(*text);
  if (!value) {
    report(context_, *item,
           in_quotes(*text) + " is not a size (write 64KiB, 10MiB, 1GiB or a number of bytes)");
    return fallback;
  }
  return is_within(context_, *item, *value, range, format_size) ? *value : fallback;
}

std::uint64_t NodeReader::integer(std::string_view key, std::uint64_t fallback,
                                  Range<std::uint64_t> range) const {
  const auto item = find(key);
  if (!item) return fallback;
  const auto text = read_text(context_, *item);
  if (!text) return fallback;
  const auto value = parse_unsigned(*text);
  if (!value) {
    report(context_, *item, in_quotes(*text) + " is not a whole number (write digits only)");
    return fallback;
  }
  const auto format = [](std::uint64_t n) { return std::to_string(n); };
  return is_within(context_, *item, *value, range, format) ? *value : fallback;
}

double NodeReader::decimal(std::string_view key, double fallback, Range<double> range) const {
  const auto item = find(key);
  if (!item) return fallback;
  const auto text = read_text(context_, *item);
  if (!text) return fallback;
  const auto value = parse_decimal(*text);
  if (!value) {
    report(context_, *item, in_quotes(*text) + " is not a number (write 0.5 or 1)");
    return fallback;
  }
  const auto format = [](double n) { return std::to_string(static_cast<long>(n)); };
  return is_within(context_, *item, *value, range, format) ? *value : fallback;
}

std::string NodeReader::path(std::string_view key, std::string fallback) const {
  const auto item = find(key);
  if (!item) return fallback;
  const auto text = read_text(context_, *item);
  if (!text) return fallback;
  if (text->empty()) {
    report(context_, *item, "is empty (give a path or remove the key)");
    return fallback;
  }
  return resolve_path(context_, *text);
}

std::string NodeReader::readable_file(std::string_view key) const {
  const std::string file = path(key);
  if (!file.empty()) expect_readable(context_, *find(key), file);
  return file;
}

SecretString NodeReader::secret(std::string_view key) const {
  const auto item = find(key);
  if (!item) return {};
  return read_secret(context_, *item).value_or(SecretString());
}

std::vector<std::string> NodeReader::texts(std::string_view key) const {
  const auto item = find(key);
  return item ? read_texts(context_, *item) : std::vector<std::string>();
}

std::vector<Item> NodeReader::list(std::string_view key) const {
  const auto item = find(key);
  return item ? read_list(context_, *item) : std::vector<Item>();
}

std::vector<NamedItem> NodeReader::map(std::string_view key) const {
  const auto item = find(key);
  return item ? read_map(context_, *item) : std::vector<NamedItem>();
}

std::optional<std::size_t> NodeReader::index_of(std::string_view key,
                                                std::span<const std::string_view> names) const {
  const auto item = find(key);
  if (!item) return std::nullopt;
  const auto text = read_text(context_, *item);
  if (!text) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  report(context_, *item, "expected " + joined(names, "or") + ", found " + in_quotes(*text));
  return std::nullopt;
}

}  // namespace gw::config
