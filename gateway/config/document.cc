// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <istream>
#include <optional>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include "base/secret.h"
#include "base/utf8.h"
#include "config/units.h"

namespace gw::config {
namespace {

// Thrown out of yaml-cpp's recursion to stop it; never leaves this file.
struct Refused : std::exception {
  Refused(int at_line, int at_column, std::string why)
      : line(at_line), column(at_column), text(std::move(why)) {}
  const char* what() const noexcept override { return text.c_str(); }
  int line;
  int column;
  std::string text;
};

// yaml-cpp's marks count from 0; a null mark is -1.
int from_one(int position) {
  return position < 0 ? 1 : position + 1;
}

class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // a get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::deque<Node>& nodes, const std::string& file, Issues& issues, const DocumentLimits& limits,
              std::uint16_t number)
      : nodes_(nodes), file_(file), issues_(issues), limits_(limits), number_(number) {}

  const Node* root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Built built = make(mark, Kind::nothing, "");
    finish(anchor, built);
    add(built);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const Built built = make(mark, Kind::text, tag);
    if (value.find('\0') != std::string::npos)
      throw Refused(built.node->line, built.node->column, "a NUL character (remove it)");
    built.node->text = value;
    built.node->plain = tag == "?";
    finish(anchor, built);
    add(built);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Refused(from_one(mark.line), from_one(mark.column), "an alias inside its own anchor (remove it)");
    add(found->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, Kind::list, tag), anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, Kind::map, tag), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Built {
    Node* node = nullptr;
    std::size_t weight = 1;  // nodes, with every alias counted as what it stands for
  };
  struct Open {
    Built built;
    YAML::anchor_t anchor = 0;
    std::optional<Entry> key;                   // of a map: read, its value not yet
    bool repeated = false;                      // that key was there before: its value is read and left out
    std::unordered_map<std::string, int> keys;  // of a map, with their lines
  };

  Built make(const YAML::Mark& mark, Kind kind, const std::string& tag) {
    Node& node = nodes_.emplace_back();
    node.kind = kind;
    node.file = number_;
    node.line = from_one(mark.line);
    node.column = from_one(mark.column);
    if (nodes_.size() > limits_.nodes) throw Refused(node.line, node.column, too_many());
    if (!tag.empty() && tag != "?" && tag != "!")
      issues_.error({file_, node.line, node.column}, "a tag (remove it: " + in_quotes(tag) + ")");
    return {&node, 1};
  }

  void open(Built built, YAML::anchor_t anchor) {
    if (open_.size() >= limits_.depth)
      throw Refused(built.node->line, built.node->column,
                    "nested deeper than " + std::to_string(limits_.depth) + " levels (flatten it)");
    open_.push_back({built, anchor, std::nullopt, false, {}});
  }

  void close() {
    const Open last = std::move(open_.back());
    open_.pop_back();
    finish(last.anchor, last.built);
    add(last.built);
  }

  void finish(YAML::anchor_t anchor, Built built) {
    if (anchor != 0) anchors_[anchor] = built;
  }

  void add(Built built) {
    if (open_.empty()) {
      root_ = built.node;
      return;
    }
    Open& parent = open_.back();
    parent.built.weight += built.weight;
    if (parent.built.weight > limits_.nodes)
      throw Refused(parent.built.node->line, parent.built.node->column, too_many());
    if (parent.built.node->kind == Kind::list) {
      parent.built.node->items.push_back(built.node);
    } else if (!parent.key) {
      built.node->is_key = true;
      add_key(parent, *built.node);
    } else {
      if (built.node->kind == Kind::nothing) {  // its mark is that of what comes next
        built.node->line = parent.key->line;
        built.node->column = parent.key->column;
      }
      parent.key->value = built.node;
      if (!parent.repeated) parent.built.node->entries.push_back(std::move(*parent.key));
      parent.key.reset();
    }
  }

  void add_key(Open& parent, const Node& node) {
    const Place place{file_, node.line, node.column};
    if (node.kind != Kind::text) issues_.error(place, "a key must be text (quote it)");
    parent.key = Entry{node.text, node.line, node.column, nullptr};
    parent.repeated = node.kind != Kind::text;
    if (parent.repeated) return;
    const auto [before, is_new] = parent.keys.emplace(node.text, node.line);
    if (is_new) return;
    parent.repeated = true;
    issues_.error(place, "the key " + in_quotes(node.text) + " is there twice (it stands in line " +
                             std::to_string(before->second) + " already)");
  }

  std::string too_many() const {
    return "more than " + std::to_string(limits_.nodes) +
           " values, with aliases counted as what they stand for "
           "(split it or write less of it)";
  }

  std::deque<Node>& nodes_;
  const std::string& file_;
  Issues& issues_;
  const DocumentLimits& limits_;
  const std::uint16_t number_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Built> anchors_;
  const Node* root_ = nullptr;
};

Place place_of_offset(const std::string& file, std::string_view text, std::size_t offset) {
  Place place{file, 1, 1};
  for (const char c : text.substr(0, offset)) {
    ++place.column;
    if (c != '\n') continue;
    ++place.line;
    place.column = 1;
  }
  return place;
}

constexpr const char* kDocumentEnd = "\n...\n";

// REQUIRES: not UTF-8. The offset of the first character that is not.
std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (!is_utf8(text.substr(i, length))) return i;
    i += length;
  }
  return text.size();
}

// What yaml-cpp would guess about (UTF-16, stray bytes) or carry along (control bytes) is refused before it.
bool is_readable(std::string_view text, const std::string& file, Issues& issues,
                 const DocumentLimits& limits) {
  if (text.size() > limits.bytes) {
    issues.error({file, 1, 1},
                 "the file is larger than " + std::to_string(limits.bytes) + " bytes (split it)");
    return false;
  }
  if (!is_utf8(text)) {
    issues.error(place_of_offset(file, text, find_invalid_utf8(text)),
                 "not valid UTF-8 (save the file as UTF-8)");
    return false;
  }
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_control(text[i])) continue;
    issues.error(place_of_offset(file, text, i), "a control byte (remove it)");
    return false;
  }
  return true;
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::nothing:
      return "nothing";
    case Kind::text:
      return "text";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "";
}

Document::~Document() {
  for (Node& node : nodes_) wipe(node.text);
}

bool Document::parse(std::string_view text, const std::string& file, Issues& issues,
                     const DocumentLimits& limits, std::uint16_t number) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte-order mark
  if (!is_readable(text, file, issues, limits)) return false;
  // yaml-cpp takes a quote that is never closed as closed at the end; not so before the end of a document.
  const std::string closed = std::string(text) + kDocumentEnd;
  try {
    ViewBuffer buffer(closed);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    TreeBuilder tree(nodes_, file, issues, limits, number);
    parser.HandleNextDocument(tree);
    root_ = tree.root();
    if (root_ == nullptr || root_->kind == Kind::nothing) {
      issues.error({file, 1, 1}, "the file is empty (the least is listeners, upstreams and routes)");
      return false;
    }
    if (parser.HandleNextDocument(tree)) {
      issues.error({file, tree.root()->line, tree.root()->column},
                   "a second document in one file (remove it, and its `---`)");
      return false;
    }
  } catch (const Refused& refused) {
    issues.error({file, refused.line, refused.column}, refused.text);
    return false;
  } catch (const YAML::Exception& error) {
    const bool at_end = error.mark.pos >= static_cast<int>(text.size());
    if (at_end) {
      issues.error(place_of_offset(file, text, text.size()),
                   "not valid YAML: the file ends too early (close what is open: a quote, a [ or a {)");
      return false;
    }
    issues.error({file, from_one(error.mark.line), from_one(error.mark.column)},
                 "not valid YAML: " + error.msg + " (look at indentation and quotes here and just before)");
    return false;
  }
  if (root_->kind == Kind::map) return true;
  issues.error(
      {file, root_->line, root_->column},
      "expected a map, found " + std::string(name_of(root_->kind)) + " (the file has keys like `routes:`)");
  return false;
}

}  // namespace gw::config
