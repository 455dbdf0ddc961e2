// SPDX-License-Identifier: Apache-2.0
#include "config/issues.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace gw::config {
namespace {

// What defaults, a template or an alias says wrong is wrong once, however many routes say it.
std::string_view without_index(const std::string& text) {
  if (!text.starts_with("routes[")) return text;
  const std::size_t end = text.find(']');
  return end == std::string::npos ? std::string_view(text) : std::string_view(text).substr(end);
}

auto identity_of(const Issue& issue) {
  return std::tuple(std::string_view(issue.place.file), issue.place.line, issue.place.column, issue.severity,
                    without_index(issue.text));
}

auto order_of(const Issue& issue) {
  return std::tie(issue.place.file, issue.place.line, issue.place.column, issue.severity, issue.text);
}

}  // namespace

void Issues::error(Place place, std::string text) {
  list_.push_back({std::move(place), Severity::error, std::move(text)});
}

void Issues::warning(Place place, std::string text) {
  list_.push_back({std::move(place), Severity::warning, std::move(text)});
}

bool Issues::has_errors() const {
  return std::any_of(list_.begin(), list_.end(),
                     [](const Issue& issue) { return issue.severity == Severity::error; });
}

void Issues::sort() {
  std::sort(list_.begin(), list_.end(),
            [](const Issue& a, const Issue& b) { return order_of(a) < order_of(b); });
  const auto same = [](const Issue& a, const Issue& b) { return identity_of(a) == identity_of(b); };
  list_.erase(std::unique(list_.begin(), list_.end(), same), list_.end());
}

std::string Issues::format() const {
  std::string out;
  for (const Issue& issue : list_) out += format_issue(issue) + '\n';
  return out;
}

std::string format_issue(const Issue& issue) {
  std::string out = issue.place.file + ':' + std::to_string(issue.place.line) + ':' +
                    std::to_string(issue.place.column) +
                    (issue.severity == Severity::error ? ": error: " : ": warning: ") + issue.text;
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return out;
}

}  // namespace gw::config
