// SPDX-License-Identifier: Apache-2.0
#include "upstream/profile.h"

#include <algorithm>
#include <array>

namespace gw::upstream {
namespace {

//                                    parameters  names  case   segments
constexpr std::array<ProfileRules, 7> kRules{{
    {false, false, false, false},  // generic
    {true, false, false, false},   // tomcat
    {false, true, false, false},   // php
    {false, true, false, false},   // wsgi
    {false, false, true, false},   // node
    {false, false, false, false},  // go
    {true, true, true, true},      // iis
}};

bool is_word(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

char small(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = small(c);
  return out;
}

// `;jsessionid=A1B2.node1` behind the last segment: cookies for clients that have none.
bool is_session_id(std::string_view parameters) {
  constexpr std::string_view kName = ";jsessionid=";
  if (!lower(parameters.substr(0, kName.size())).starts_with(kName)) return false;
  const std::string_view value = parameters.substr(kName.size());
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return is_word(c) || std::string_view("-_.!+").find(c) != std::string_view::npos;
  });
}

bool hides_parameters(std::string_view path) {
  const std::string folded = lower(path);
  if (folded.find("%3b") != std::string::npos) return true;
  const std::size_t at = path.find(';');
  return at != std::string_view::npos && !is_session_id(path.substr(at));
}

bool ends_in_blank_or_dot(std::string_view segment) {
  return segment.ends_with('.') || segment.ends_with("%20") || segment.ends_with("%2e") ||
         segment.ends_with("%2E");
}

// Names of Windows that stand for another one: a trailing dot or blank, a stream, a short name.
bool has_other_spelling(std::string_view segment) {
  if (ends_in_blank_or_dot(segment) || segment.find(':') != std::string_view::npos) return true;
  if (lower(segment).find("%3a") != std::string::npos) return true;
  const std::size_t tilde = segment.rfind('~');
  return tilde != std::string_view::npos && tilde + 1 < segment.size() && segment[tilde + 1] >= '0' &&
         segment[tilde + 1] <= '9';
}

}  // namespace

const ProfileRules& rules_of(Profile profile) {
  return kRules[static_cast<std::size_t>(profile)];
}

const char* find_path_trouble(const ProfileRules& rules, std::string_view path) {
  if (rules.drops_parameters && hides_parameters(path)) return "the upstream drops ;parameters of a path";
  while (rules.trims_segments && !path.empty()) {
    const std::size_t slash = std::min(path.find('/', 1), path.size());
    if (has_other_spelling(path.substr(1, slash - 1)))
      return "the upstream knows another spelling of a segment of the path";
    path.remove_prefix(slash);
  }
  return nullptr;
}

bool is_ambiguous_field(const ProfileRules& rules, std::string_view name) {
  return rules.folds_field_names &&
         !std::all_of(name.begin(), name.end(), [](char c) { return is_word(c) || c == '-'; });
}

std::string fold_path(std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return lower(path);
}

}  // namespace gw::upstream
