// SPDX-License-Identifier: Apache-2.0
// `host:` of a route: an exact host, or *.SUFFIX for one or more labels before the suffix, as in Envoy and
// nginx: *.example.com is a.example.com and a.b.example.com, not example.com. The longest suffix wins.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gw::policy {

inline constexpr std::string_view kWildcardPrefix = "*.";

struct HostPattern {
  std::string text;  // as Route::host wants it: lower case, without trailing dot
};

// The error is a sentence.
Result<HostPattern, std::string> parse_host_pattern(std::string_view text);

}  // namespace gw::policy
