// SPDX-License-Identifier: Apache-2.0
#include "plugin/subject_template.h"

#include <algorithm>

namespace gw::plugin {
namespace {

bool is_start_of(std::string_view a, std::string_view b) {
  return b.starts_with(a) || a.starts_with(b);
}
bool is_end_of(std::string_view a, std::string_view b) {
  return b.ends_with(a) || a.ends_with(b);
}

std::optional<SubjectTemplate::Key> parse_key(std::string_view name) {
  if (name == "id") return SubjectTemplate::Key::id;
  if (name == "username") return SubjectTemplate::Key::username;
  if (name == "email") return SubjectTemplate::Key::email;
  return std::nullopt;
}

}  // namespace

Result<SubjectTemplate, std::string> SubjectTemplate::parse(std::string_view text, std::string_view backend) {
  const std::string rule = "a subject names {id}, {username} or {email} once, and {backend} as it likes";
  std::string before, after;
  std::optional<Key> key;
  while (!text.empty()) {
    std::string& literal = key ? after : before;
    const std::size_t open = text.find_first_of("{}");
    literal += text.substr(0, open);
    if (open == std::string_view::npos) break;

    const std::size_t close = text.find('}', open);
    if (text[open] == '}' || close == std::string_view::npos) return "a brace has no partner (" + rule + ")";
    const std::string_view name = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 1);
    if (name == "backend") {
      literal += backend;
      continue;
    }
    const auto named = parse_key(name);
    if (!named) return "unknown {" + std::string(name) + "} (" + rule + ")";
    if (key) return "it names more than one of {id}, {username} and {email} (" + rule + ")";
    key = named;
  }
  if (!key) return "it gives every account the same subject (" + rule + ")";
  return SubjectTemplate(std::move(before), *key, std::move(after));
}

std::string SubjectTemplate::subject_of(const auth::Account& account) const {
  const std::string& value = key_ == Key::id         ? account.id
                             : key_ == Key::username ? account.username
                                                     : account.email;
  return value.empty() ? std::string() : before_ + value + after_;
}

std::optional<std::string_view> SubjectTemplate::find_key(std::string_view subject) const {
  if (subject.size() <= before_.size() + after_.size()) return std::nullopt;
  if (!subject.starts_with(before_) || !subject.ends_with(after_)) return std::nullopt;
  return subject.substr(before_.size(), subject.size() - before_.size() - after_.size());
}

bool SubjectTemplate::could_collide(const SubjectTemplate& other) const {
  return is_start_of(before_, other.before_) && is_end_of(after_, other.after_);
}

}  // namespace gw::plugin
