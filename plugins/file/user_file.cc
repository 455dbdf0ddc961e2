// SPDX-License-Identifier: Apache-2.0
#include "user_file.h"

#include <algorithm>
#include <array>

namespace users {
namespace {

constexpr std::size_t kMaxProblems = 5;
constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kColumns = 5;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Takes what stands before the next `separator` off the front.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

// A role has neither control characters (checked for the line) nor a comma, so these two are all there is to
// quote.
std::string quote_roles(std::string_view list) {
  std::string json = "[";
  while (!list.empty()) {
    const std::string_view role = take_until(list, ',');
    if (role.empty()) continue;
    json += json.size() > 1 ? ",\"" : "\"";
    for (const char c : role) {
      if (c == '"' || c == '\\') json += '\\';
      json += c;
    }
    json += '"';
  }
  return json + "]";
}

// Every lead byte has its tail bytes; the gateway checks the finer points of UTF-8.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    if (lead < 0xC2 || lead > 0xF4) return false;
    for (int tail = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3; tail > 0; --tail) {
      if (i == text.size() || (static_cast<unsigned char>(text[i++]) & 0xC0u) != 0x80u) return false;
    }
  }
  return true;
}

std::string parse_line(std::string_view line, User& user) {
  if (std::any_of(line.begin(), line.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    return "it contains a control character";
  }
  if (!is_utf8(line)) return "it is not UTF-8";
  if (line.find(':') == std::string_view::npos) return "it has no colon (user:hash)";
  if (std::count(line.begin(), line.end(), ':') >= static_cast<std::ptrdiff_t>(kColumns)) {
    return "it has too many columns (user:hash:email:name:role,role)";
  }
  user.name = take_until(line, ':');
  user.hash = take_until(line, ':');
  user.email = take_until(line, ':');
  user.full_name = take_until(line, ':');
  user.roles = quote_roles(line);
  if (user.name.empty()) return "the user name is empty";
  if (user.name.size() > kMaxNameBytes) return "the user name is longer than 255 bytes";
  return {};
}

}  // namespace

std::unique_ptr<const UserFile> UserFile::parse(std::string_view text, std::string& error) {
  auto file = std::make_unique<UserFile>();
  std::size_t problems = 0;
  for (int number = 1; !text.empty(); ++number) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;

    User user;
    user.line = number;
    std::string problem = parse_line(line, user);
    if (problem.empty()) problem = file->add(std::move(user));
    if (problem.empty()) continue;
    if (++problems <= kMaxProblems) {
      error += (error.empty() ? "line " : "; line ") + std::to_string(number) + ": " + problem;
    }
  }
  if (problems > kMaxProblems) error += "; and " + std::to_string(problems - kMaxProblems) + " more";
  if (problems != 0) return nullptr;
  return file;
}

const User* UserFile::find(std::string_view login_name) const {
  if (const User* user = find_name(login_name)) return user;
  const auto found = by_email_.find(lower_case(login_name));
  return found == by_email_.end() ? nullptr : &users_[found->second];
}

const User* UserFile::find_name(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &users_[found->second];
}

// A name that is another's e-mail address would make the order of lines decide whose account it is.
std::string UserFile::add(User user) {
  const auto line_of = [&](std::size_t index) { return "line " + std::to_string(users_[index].line); };
  const std::size_t index = users_.size();
  const std::string email = lower_case(user.email);
  if (const auto other = by_name_.find(user.name); other != by_name_.end()) {
    return "user \"" + user.name + "\" stands already in " + line_of(other->second);
  }
  if (const auto other = by_email_.find(lower_case(user.name)); other != by_email_.end()) {
    return "user name \"" + user.name + "\" is the e-mail address of " + line_of(other->second);
  }
  if (const auto other = email.empty() ? by_email_.end() : by_email_.find(email); other != by_email_.end()) {
    return "e-mail address \"" + user.email + "\" stands already in " + line_of(other->second);
  }
  if (const auto other = email.empty() ? folded_names_.end() : folded_names_.find(email);
      other != folded_names_.end()) {
    return "e-mail address \"" + user.email + "\" is the user name of " + line_of(other->second);
  }
  folded_names_.emplace(lower_case(user.name), index);
  by_name_.emplace(user.name, index);
  if (!email.empty()) by_email_.emplace(email, index);
  users_.push_back(std::move(user));
  return {};
}

}  // namespace users
