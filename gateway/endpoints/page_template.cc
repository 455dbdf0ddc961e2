// SPDX-License-Identifier: Apache-2.0
#include "endpoints/page_template.h"

#include <algorithm>
#include <optional>

#include "auth/identity.h"

namespace gw::endpoints {
namespace {

constexpr unsigned kMaxDepth = 16;  // sections in sections, templates in templates
// Templates that include others several times over multiply: no page comes near these, and none goes beyond.
constexpr unsigned kMaxRenderedParts = 100'000;
constexpr std::size_t kMaxPageBytes = 1 << 20;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

bool is_something(const json::Value* value) {
  if (value == nullptr || value->is_null()) return false;
  if (const bool* flag = value->as_bool()) return *flag;
  if (const std::string* text = value->as_string()) return !text->empty();
  if (const json::Array* list = value->as_array()) return !list->empty();
  return true;
}

std::string to_text(const json::Value& value) {
  if (const std::string* text = value.as_string()) return *text;
  if (const std::int64_t* number = value.as_int()) return std::to_string(*number);
  return {};
}

}  // namespace

const std::string* Phrases::find(std::string_view key) const {
  const auto found = texts_.find(key);
  if (found != texts_.end()) return &found->second;
  return fallback_ == nullptr ? nullptr : fallback_->find(key);
}

std::string Phrases::say(std::string_view key, const json::Value& values) const {
  const std::string* phrase = find(key);
  if (phrase == nullptr) return std::string(key);
  std::string said;
  for (std::size_t at = 0; at < phrase->size();) {
    const std::size_t open = phrase->find('{', at);
    const std::size_t close = open == std::string::npos ? open : phrase->find('}', open);
    if (close == std::string::npos) return said.append(*phrase, at);
    said.append(*phrase, at, open - at);
    const std::string_view name = std::string_view(*phrase).substr(open + 1, close - open - 1);
    if (const json::Value* value = values.find(name))
      said += to_text(*value);
    else
      said.append(*phrase, open, close + 1 - open);
    at = close + 1;
  }
  return said;
}

class Template::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  // Up to the end, or the end of the section `inside`.
  std::optional<std::vector<Part>> parse(std::string_view inside) {
    std::vector<Part> parts;
    if (++depth_ > kMaxDepth) return fail("sections are nested too deep");
    for (;;) {
      const std::size_t open = text_.find("{{", at_);
      if (open != at_) parts.push_back({Kind::text, std::string(text_.substr(at_, open - at_))});
      if (open == std::string_view::npos) {
        at_ = text_.size();
        --depth_;
        if (inside.empty()) return parts;
        return fail("the section \"" + std::string(inside) + "\" has no end");
      }
      at_ = open;
      const std::size_t close = text_.find("}}", open);
      if (close == std::string_view::npos) return fail("\"{{\" has no \"}}\"");
      const std::string_view mark = trim(text_.substr(open + 2, close - open - 2));
      at_ = close + 2;
      const bool plain =
          mark.empty() || std::string_view("/#^>_").find(mark.front()) == std::string_view::npos;
      const std::string_view name = plain ? mark : trim(mark.substr(1));
      if (!is_name(name)) return fail("\"{{" + std::string(mark) + "}}\" is no mark");
      if (!plain && mark.front() == '/') {
        --depth_;
        if (name == inside) return parts;
        return fail("\"{{/" + std::string(name) + "}}\" ends no section that is open");
      }
      if (plain || !add_mark(mark.front(), name, parts)) {
        if (!error_.empty()) return std::nullopt;
        parts.push_back({Kind::value, std::string(name)});
      }
    }
  }

  const std::string& error() const { return error_; }

 private:
  bool add_mark(char mark, std::string_view name, std::vector<Part>& parts) {
    Part part{mark == '_'   ? Kind::phrase
              : mark == '>' ? Kind::include
              : mark == '#' ? Kind::section
                            : Kind::inverse,
              std::string(name)};
    if (mark == '#' || mark == '^') {
      auto inner = parse(name);
      if (!inner) return false;
      part.parts = std::move(*inner);
    }
    parts.push_back(std::move(part));
    return true;
  }

  std::nullopt_t fail(const std::string& what) {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    if (error_.empty()) error_ = "line " + std::to_string(line) + ": " + what;
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  std::string error_;
};

struct Template::Rendering {
  const Templates& templates;
  const Phrases& phrases;
  std::vector<const json::Value*> scopes;
  std::string out;
  unsigned rendered_parts = 0;

  bool is_full() const { return rendered_parts >= kMaxRenderedParts || out.size() >= kMaxPageBytes; }

  const json::Value* find(std::string_view name) const {
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
      if (const json::Value* value = auth::find_by_path(**scope, name)) return value;
    return nullptr;
  }

  void render(const std::vector<Part>& parts, unsigned depth) {
    if (depth > kMaxDepth) return;
    for (const Part& part : parts) {
      if (is_full()) return;
      ++rendered_parts;
      render(part, depth);
    }
  }

  void render(const Part& part, unsigned depth) {
    switch (part.kind) {
      case Kind::text:
        out += part.text;
        return;
      case Kind::value:
        if (const json::Value* value = find(part.text)) append_escaped(out, to_text(*value));
        return;
      case Kind::phrase:
        return append_escaped(out, phrases.say(part.text, *scopes.front()));
      case Kind::section:
        return render_section(part, depth);
      case Kind::inverse:
        if (!is_something(find(part.text))) render(part.parts, depth + 1);
        return;
      case Kind::include:
        if (const auto other = templates.find(part.text); other != templates.end())
          render(other->second.parts_, depth + 1);
        return;
    }
  }

  void render_section(const Part& part, unsigned depth) {
    const json::Value* value = find(part.text);
    if (!is_something(value)) return;
    const json::Array* list = value->as_array();
    if (list == nullptr) return render(part.parts, depth + 1);
    for (const json::Value& item : *list) {
      scopes.push_back(&item);
      render(part.parts, depth + 1);
      scopes.pop_back();
    }
  }
};

Result<Template, std::string> Template::parse(std::string_view text) {
  Parser parser(text);
  auto parts = parser.parse({});
  if (!parts) return parser.error();
  Template parsed;
  parsed.parts_ = std::move(*parts);
  return parsed;
}

std::string Template::render(const Templates& others, const Phrases& phrases,
                             const json::Value& model) const {
  Rendering rendering{others, phrases, {&model}, {}, 0};
  rendering.render(parts_, 0);
  return std::move(rendering.out);
}

void Template::list_includes(std::vector<std::string>& names) const {
  list_includes(parts_, names);
}

void Template::list_includes(const std::vector<Part>& parts, std::vector<std::string>& names) {
  for (const Part& part : parts) {
    if (part.kind == Kind::include) names.push_back(part.text);
    list_includes(part.parts, names);
  }
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace gw::endpoints
