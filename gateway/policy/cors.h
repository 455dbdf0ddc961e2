// SPDX-License-Identifier: Apache-2.0
// Which other sites' scripts may read answers (CORS, the Fetch standard). Every answer of a route with `cors`
// says so, refusals too; what an upstream says of it is taken out, so that one place decides.
// OWNERSHIP: held by the snapshot; added fields point into it and into the request's Origin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "policy/route.h"

namespace gw::policy {

class Cors {
 public:
  // `methods` are named when the options name none.
  Cors(const CorsOptions& options, const std::vector<std::string>& methods);

  bool allows(std::string_view origin) const;
  // Without an origin, or with one that is not allowed, the answer only says that it varies.
  void apply(http::Fields& fields, std::string_view origin) const;
  // The same for the answer to a preflight.
  void apply_to_preflight(http::Fields& fields, std::string_view origin) const;

 private:
  bool is_same_for_all() const { return any_ && !credentials_; }

  const std::vector<std::string> origins_;
  const bool any_;
  const bool credentials_;
  std::string methods_;
  std::string headers_;
  std::string expose_;
  std::string max_age_;
};

// The method that a browser asks about before it sends a request: OPTIONS with Origin and
// Access-Control-Request-Method. Empty when this is no preflight.
std::string_view preflight_method(const http::RequestHead& request);
// Empty without one, or with several.
std::string_view origin_of(const http::Fields& fields);

}  // namespace gw::policy
