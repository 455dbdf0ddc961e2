// SPDX-License-Identifier: Apache-2.0
#include "config/include.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/secret.h"
#include "config/units.h"

namespace gw::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 10'000;
constexpr std::array<std::string_view, 5> kShared{"routes", "upstreams", "issuers", "backends", "templates"};

bool is_shared(std::string_view key) {
  return std::find(kShared.begin(), kShared.end(), key) != kShared.end();
}

const Entry* find_entry(const Node& map, std::string_view key) {
  for (const Entry& entry : map.entries)
    if (entry.key == key) return &entry;
  return nullptr;
}

// As issues name it: beside the configuration file, as that one was named.
std::string shown(const Context& context, const std::string& path) {
  if (path.starts_with('/')) return path;
  return (fs::path(context.file).parent_path() / path).lexically_normal().string();
}

bool is_yaml(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.starts_with('.') && (path.extension() == ".yaml" || path.extension() == ".yml");
}

class Includer {
 public:
  Includer(Context& context, const Node& root, std::deque<Document>& documents,
           const Environment& environment)
      : context_(context),
        whole_(context.made.emplace_back(root)),
        documents_(documents),
        environment_(environment) {
    for (Entry& entry : whole_.entries)
      if (is_shared(entry.key)) entry.value = &context_.made.emplace_back(*entry.value);
  }

  void add(const Item& item) {
    const auto path = read_text(context_, item);
    if (!path || path->empty()) return;
    const std::string resolved = resolve_path(context_, *path);
    context_.seen.push_back(resolved);
    std::error_code failure;
    if (!fs::is_directory(resolved, failure)) return add_file(item, resolved, *path);
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(resolved, failure))
      if (is_yaml(entry.path())) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      context_.seen.push_back(file.string());
      add_file(item, file.string(), (fs::path(*path) / file.filename()).string());
    }
  }

  const Node& whole() const { return whole_; }

 private:
  void add_file(const Item& item, const std::string& path, const std::string& written) {
    if (context_.files.size() >= kMostFiles)
      return report(context_, item, "names more than " + std::to_string(kMostFiles) + " files (write fewer)");
    std::ifstream file(path, std::ios::binary);
    if (!file)
      return report(context_, item,
                    in_quotes(written) + " cannot be read: " + std::strerror(errno) + " (correct the path)");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    context_.files.push_back(shown(context_, written));
    const std::string& name = context_.files.back();
    Document& document = documents_.emplace_back();
    const auto number = static_cast<std::uint16_t>(context_.files.size());
    const bool is_tree = document.parse(text, name, context_.issues, {}, number);
    wipe(text);
    if (!is_tree) return;
    expand_values(document, environment_, name, context_.issues);
    for (const Entry& entry : document.root().entries) merge(entry);
  }

  void merge(const Entry& entry) {
    const Place place{context_.file_of(*entry.value), entry.line, entry.column};
    if (!is_shared(entry.key))
      return context_.issues.error(place, in_quotes(entry.key) +
                                              " does not stand in an included file (only routes, upstreams, "
                                              "issuers, backends and templates do: move it)");
    auto* const there = const_cast<Entry*>(find_entry(whole_, entry.key));
    if (there == nullptr) {
      whole_.entries.push_back(entry);
      whole_.entries.back().value = &context_.made.emplace_back(*entry.value);
      return;
    }
    const Kind kind = entry.key == "routes" ? Kind::list : Kind::map;
    if (entry.value->kind != kind) return report_kind(context_, {entry.value, entry.key}, name_of(kind));
    if (there->value->kind != kind) return;  // reported where it is read
    append(const_cast<Node&>(*there->value), *entry.value);
  }

  // `to` is one of the context's own nodes.
  void append(Node& to, const Node& from) {
    to.items.insert(to.items.end(), from.items.begin(), from.items.end());
    for (const Entry& entry : from.entries) {
      const Entry* const before = find_entry(to, entry.key);
      if (before == nullptr) {
        to.entries.push_back(entry);
        continue;
      }
      context_.issues.error({context_.file_of(*entry.value), entry.line, entry.column},
                            "the key " + in_quotes(entry.key) + " is there twice (it stands in " +
                                context_.file_of(*before->value) + ", line " + std::to_string(before->line) +
                                " already)");
    }
  }

  Context& context_;
  Node& whole_;
  std::deque<Document>& documents_;
  const Environment& environment_;
};

}  // namespace

const Node& with_included(Context& context, const Node& root, std::deque<Document>& documents,
                          const Environment& environment) {
  const Entry* const include = find_entry(root, "include");
  if (include == nullptr || !context.reads_files) return root;
  Includer includer(context, root, documents, environment);
  for (const Item& item : read_list(context, {include->value, "include"})) includer.add(item);
  return includer.whole();
}

}  // namespace gw::config
