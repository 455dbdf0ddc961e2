// SPDX-License-Identifier: Apache-2.0
// `path:` of a route: literal segments, {name} for one segment that is not empty, and /** for the rest.
// The rest may be nothing: /api/** is /api, /api/ and /api/x, not /apix. "/a" and "/a/" are different paths;
// the second ends with an empty literal. Literals are in the normalised form that requests are matched in, so
// they are compared byte for byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gw::policy {

struct Segment {
  bool is_name = false;
  std::string text;  // the literal, or the name without its braces

  friend bool operator==(const Segment&, const Segment&) = default;
};

struct PathTemplate {
  std::vector<Segment> segments;
  bool has_rest = false;           // ends with /**
  std::vector<std::string> names;  // of the segments, in their order
};

inline constexpr std::size_t kMaxTemplateSegments = 64;
inline constexpr std::size_t kMaxTemplateNames = 8;

// The error is a sentence that says what is wrong and what to write instead.
Result<PathTemplate, std::string> parse_path_template(std::string_view text);

}  // namespace gw::policy
