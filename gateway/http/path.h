// SPDX-License-Identifier: Apache-2.0
// THE normaliser: one form of a path, which is both matched and forwarded (RFC 3986 section 6.2.2).
// What two servers could read differently is refused with Fault::bad_path, not repaired.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gw::http {

struct Target {
  std::string_view path;        // normalised; begins with '/' (or is "*")
  std::string_view query;       // byte for byte, without the '?'
  bool has_query = false;       // "/a?" has an empty one
  bool has_parameters = false;  // a ';' (or %3B) stands in the path: match again without them and compare
};

// `target` is "/path?query" or "*". The views of the result point into `target` when nothing had to be
// changed (the common case, no copy), else into `scratch`.
Result<Target> normalise_target(std::string_view target, std::string& scratch);

// The path without its ";parameters", segment by segment; into `scratch` when there are any.
std::string_view without_parameters(std::string_view path, std::string& scratch);

// A host for comparison: lower case, without port, brackets kept, one trailing dot removed; into `scratch`
// when anything changes. Empty when it is not a host at all (RFC 3986 3.2.2: user info, white space, ...).
std::string_view normalise_host(std::string_view authority, std::string& scratch);

}  // namespace gw::http
