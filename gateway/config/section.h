// SPDX-License-Identifier: Apache-2.0
// The keys that a part of the configuration knows: one table a section, which the reader checks names against
// and which makes the reference in docs/configuration.md. The tables stand in the parse_<section>.cc files.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gw::config {

struct Key {
  std::string_view name;
  std::string_view kind;      // "duration", "size", "list of text", ... as the reference says it
  std::string_view fallback;  // the default as one would write it; "required" when there is none
  std::string_view meaning;   // one line
};

struct Section {
  std::string_view path;  // "listeners[].tls"
  std::span<const Key> keys;
};

// Every section, in the order of the reference.
std::span<const Section* const> all_sections();

// The table of a section as docs/configuration.md has it.
std::string format_table(const Section& section);

}  // namespace gw::config
