// SPDX-License-Identifier: Apache-2.0
// A YAML (or JSON) file as a tree in which every node knows its line. Read through yaml-cpp's events, which
// only document.cc sees: so duplicate keys are found, and size, depth and aliases are bounded while reading.
// OWNERSHIP: the Document owns every node; an alias is a second pointer to the node of its anchor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/issues.h"

namespace gw::config {

enum class Kind : std::uint8_t { nothing, text, list, map };

std::string_view name_of(Kind kind);  // "a list", as messages say it

struct Node;

struct Entry {
  std::string key;
  int line = 0;
  int column = 0;
  const Node* value = nullptr;
};

struct Node {
  Kind kind = Kind::nothing;
  bool plain = false;        // text without quotes: `true` and `5` may be more than text
  bool is_key = false;       // the name of an entry, not its value
  bool is_variable = false;  // it came from the environment, at least in part
  bool unknown = false;      // a variable that is not set: reported, and not judged further
  std::uint16_t file = 0;    // 0: the configuration file itself; else a number of an included one
  int line = 1;              // from 1
  int column = 1;            // from 1
  std::string text;
  std::vector<const Node*> items;
  std::vector<Entry> entries;  // in the order of the file; the first of a repeated key
};

struct DocumentLimits {
  std::size_t bytes = 16 * 1024 * 1024;  // ten thousand routes as indented JSON are 2 MiB
  unsigned depth = 32;
  std::size_t nodes = 1000 * 1000;  // with every alias counted as what it stands for
};

class Document {
 public:
  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document();  // wipes all text: secrets may stand in it

  // Reports what is wrong with the form to `issues`. True when there is a tree to go on with; after a syntax
  // error there is none.
  bool parse(std::string_view text, const std::string& file, Issues& issues,
             const DocumentLimits& limits = {}, std::uint16_t number = 0);

  // REQUIRES: parse() was true. A map.
  const Node& root() const { return *root_; }
  // Every node once, for changes that are made to all text.
  std::deque<Node>& nodes() { return nodes_; }

 private:
  std::deque<Node> nodes_;
  const Node* root_ = nullptr;
};

}  // namespace gw::config
