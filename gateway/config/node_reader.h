// SPDX-License-Identifier: Apache-2.0
// Reads one map of the configuration, strictly: a key that its section does not know is an error when the
// reader is made, so it cannot be forgotten. A read returns the fallback when the key is absent, and also
// after an error, which goes to the Issues with its place: parsing always goes on to the end. LIFETIME:
// refers to the Context, the Document's nodes and the Section.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "config/document.h"
#include "config/issues.h"
#include "config/section.h"

namespace gw::config {

// What every parser needs: where issues go, and what files may be read.
struct Context {
  Issues& issues;
  std::string file;    // as given, for places
  std::string folder;  // relative paths start here
  bool reads_files = true;
  std::vector<std::string> files{};  // that were included, for nodes with their number - 1
  std::vector<std::string> seen{};   // that the configuration was read from or names
  std::deque<Node> made{};           // nodes that stand in no file as they are
  std::string_view source{};         // the whole text of the file

  const std::string& file_of(const Node& node) const { return node.file == 0 ? file : files[node.file - 1]; }
  Place place_of(const Node& node) const { return {file_of(node), node.line, node.column}; }
};

// A value, and the path that names it in messages: "routes[2].path".
struct Item {
  const Node* node = nullptr;
  std::string path;
};

struct NamedItem {
  std::string name;
  Place place;  // of the name
  Item value;
};

template <class T>
struct Choice {
  std::string_view name;
  T value;
};

// Of every `on_failure`: whether what was known last is good while whoever would know more is away.
inline constexpr Choice<bool> kServesOnFailure[] = {{"deny", false}, {"allow", true}};

template <class N>
struct Range {
  N lowest;
  N highest;
};

// Where byte `offset` of an item's text stands in the file, when the text stands there as it is (one line, or
// lines behind a `|`); else nothing.
std::optional<Place> place_within(const Context& context, const Item& item, std::size_t offset);

// `item.path: WHAT` at the place of the item.
void report(Context& context, const Item& item, std::string_view what);
void warn(Context& context, const Item& item, std::string_view what);

// Each reports and is nothing when the item is of another kind.
std::optional<std::string> read_text(Context& context, const Item& item);
std::optional<bool> read_flag(Context& context, const Item& item);
std::vector<Item> read_list(Context& context, const Item& item);
std::vector<NamedItem> read_map(Context& context, const Item& item);
std::vector<std::string> read_texts(Context& context, const Item& item);  // a list of text, none twice
// Text, or the content of `{file: PATH}` without one trailing newline. Warns when strangers may read the
// file.
std::optional<SecretString> read_secret(Context& context, const Item& item);
// Absolute, or relative to the folder of the configuration file.
std::string resolve_path(const Context& context, std::string_view path);
// Reports when the file is not there, not a file or not readable.
void expect_readable(Context& context, const Item& item, const std::string& path);
// Reports "expected WANTED, found …"; silent for what has been reported already.
void report_kind(Context& context, const Item& item, std::string_view wanted);

class NodeReader {
 public:
  // Reports unknown keys, and a value that is no map (then all keys are absent).
  NodeReader(Context& context, Item item, const Section& section);

  const Item& item() const { return item_; }
  Place place() const { return context_.place_of(*item_.node); }
  Context& context() const { return context_; }
  bool is_map() const { return item_.node->kind == Kind::map; }

  // An absent key is nothing.
  std::optional<Item> find(std::string_view key) const;
  bool has(std::string_view key) const;      // written
  bool require(std::string_view key) const;  // reports when absent

  std::string text(std::string_view key, std::string fallback = {}) const;
  bool flag(std::string_view key, bool fallback) const;
  Duration duration(std::string_view key, Duration fallback, Range<Duration> range) const;
  std::uint64_t size(std::string_view key, std::uint64_t fallback, Range<std::uint64_t> range) const;
  std::uint64_t integer(std::string_view key, std::uint64_t fallback, Range<std::uint64_t> range) const;
  double decimal(std::string_view key, double fallback, Range<double> range) const;
  std::string path(std::string_view key, std::string fallback = {}) const;  // resolved
  std::string readable_file(std::string_view key) const;  // resolved, and expected to be there
  SecretString secret(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<Item> list(std::string_view key) const;
  std::vector<NamedItem> map(std::string_view key) const;

  template <class N>
  N number(std::string_view key, N fallback, Range<std::uint64_t> range) const {
    return static_cast<N>(integer(key, fallback, range));
  }
  template <class T, std::size_t N>
  T one_of(std::string_view key, const Choice<T> (&choices)[N], T fallback) const {
    std::vector<std::string_view> names;
    for (const Choice<T>& choice : choices) names.push_back(choice.name);
    const std::optional<std::size_t> index = index_of(key, names);
    return index ? choices[*index].value : fallback;
  }

 private:
  void check_key(const Entry& entry) const;
  std::optional<std::size_t> index_of(std::string_view key, std::span<const std::string_view> names) const;

  Context& context_;
  Item item_;
  const Section& section_;
};

}  // namespace gw::config
