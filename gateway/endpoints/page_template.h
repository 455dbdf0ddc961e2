// SPDX-License-Identifier: Apache-2.0
// Templates of pages, with five marks and no more: {{name}} a value, always escaped for HTML; {{_ key}} a
// phrase in the visitor's language; {{#name}}...{{/name}} once if there is a value, or for each of a list;
// {{^name}}...{{/name}} if there is none; {{> file}} another template. THREAD: immutable, shared by all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace gw::endpoints {

// The phrases of one language, with those of English for what it lacks.
class Phrases {
 public:
  Phrases() = default;
  Phrases(std::string language, std::map<std::string, std::string, std::less<>> texts)
      : language_(std::move(language)), texts_(std::move(texts)) {}

  const std::string& language() const { return language_; }  // "en"
  // Null when neither has it.
  const std::string* find(std::string_view key) const;
  // With every {name} replaced by what `values` has of that name; the key itself when there is no such
  // phrase.
  std::string say(std::string_view key, const json::Value& values = {}) const;
  void fall_back_on(const Phrases& other) { fallback_ = &other; }

 private:
  std::string language_;
  std::map<std::string, std::string, std::less<>> texts_;
  const Phrases* fallback_ = nullptr;
};

class Template;
using Templates = std::map<std::string, Template, std::less<>>;

class Template {
 public:
  // The error is a sentence that names the line.
  static Result<Template, std::string> parse(std::string_view text);

  // Cut off where it grows beyond 100,000 parts or about 1 MiB.
  std::string render(const Templates& others, const Phrases& phrases, const json::Value& model) const;
  // Names of the templates that it includes.
  void list_includes(std::vector<std::string>& names) const;

 private:
  enum class Kind : std::uint8_t { text, value, phrase, section, inverse, include };
  struct Part {
    Kind kind = Kind::text;
    std::string text;  // of Kind::text; else the name
    std::vector<Part> parts{};
  };
  struct Rendering;
  class Parser;
  static void list_includes(const std::vector<Part>& parts, std::vector<std::string>& names);

  std::vector<Part> parts_;
};

// Appends `text` with & < > " ' written as references.
void append_escaped(std::string& out, std::string_view text);

}  // namespace gw::endpoints
