// SPDX-License-Identifier: Apache-2.0
// `rewrite:` of a route: the path that goes to the upstream. Prefixes are whole segments: /api is stripped
// from /api and /api/x, never from /apix or /api../admin. A path without the prefix keeps what it has. The
// result is normalised again, and refused if that changes it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/route.h"

namespace gw::policy {

class PathRewriter {
 public:
  // The error is a sentence.
  static Result<PathRewriter, std::string> parse(const Rewrite& options);

  // The result points into `path`, into `scratch` or to static text. Fault::bad_path when it is not
  // normalised.
  Result<std::string_view> apply(std::string_view path, std::string& scratch) const;

 private:
  explicit PathRewriter(Rewrite options) : options_(std::move(options)) {}

  Rewrite options_;
};

}  // namespace gw::policy
