// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration: all of it, not only the first. Nothing here throws or stops the
// reading; who loads a file asks has_errors() at the end and prints format().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/place.h"

namespace gw::config {

enum class Severity : std::uint8_t { error, warning };

struct Issue {
  Place place;
  Severity severity = Severity::error;
  std::string text;  // WHAT (what to do)
};

class Issues {
 public:
  void error(Place place, std::string text);
  void warning(Place place, std::string text);

  bool has_errors() const;
  bool empty() const { return list_.empty(); }
  const std::vector<Issue>& list() const { return list_; }

  // By line and column; what an alias made appear twice is kept once.
  void sort();
  // One line each, with its newline: `FILE:LINE:COLUMN: error: WHAT (what to do)`.
  std::string format() const;

 private:
  std::vector<Issue> list_;
};

// Control bytes of names and values become '?', so that one issue stays one line.
std::string format_issue(const Issue& issue);

}  // namespace gw::config
