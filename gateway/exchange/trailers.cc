// SPDX-License-Identifier: Apache-2.0
#include "exchange/trailers.h"

#include <algorithm>
#include <string_view>

#include "exchange/exchange.h"

namespace gw::exchange {
namespace {

// Beside those whose beginning says enough.
constexpr std::string_view kForbidden[] = {
    "Accept",
    "Age",
    "Allow",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Cookie",
    "Date",
    "Expect",
    "Expires",
    "Forwarded",
    "From",
    "Host",
    "HTTP2-Settings",
    "Keep-Alive",
    "Location",
    "Max-Forwards",
    "Origin",
    "Pragma",
    "Range",
    "Referer",
    "Retry-After",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Vary",
    "Via",
    "Warning",
    "WWW-Authenticate",
    "X-Request-Id",
    "X-Rewrite-URL",
    "Traceparent",
    "Tracestate",
    "Strict-Transport-Security",
};
constexpr std::string_view kForbiddenPrefixes[] = {"access-control-", "accept-", "content-",    "if-",
                                                   "proxy-",          "sec-",    "x-forwarded-"};

bool is_forbidden(const http::Field& field) {
  const auto folds_to = [&](std::string_view name) { return http::folds_equal(field.name, name); };
  const auto begins_with = [&](std::string_view prefix) {
    return field.name.size() >= prefix.size() &&
           http::folds_equal(field.name.substr(0, prefix.size()), prefix);
  };
  return std::any_of(std::begin(kForbidden), std::end(kForbidden), folds_to) ||
         std::any_of(std::begin(kForbiddenPrefixes), std::end(kForbiddenPrefixes), begins_with);
}

void drop_forbidden(http::Fields& trailers) {
  for (http::Field& field : trailers)
    if (is_forbidden(field)) field.dropped = true;
}

}  // namespace

void filter_request_trailers(const Exchange& exchange, http::Fields& trailers) {
  drop_forbidden(trailers);
  exchange.snapshot().protected_fields.drop_from(
      trailers, {exchange.downstream().peer_is_trusted, !exchange.route()->methods.empty()});
  if (exchange.plan()->request_changes) exchange.plan()->request_changes->remove_from(trailers);
}

void filter_response_trailers(const Exchange& exchange, http::Fields& trailers) {
  drop_forbidden(trailers);
  if (exchange.plan()->response_changes) exchange.plan()->response_changes->remove_from(trailers);
}

}  // namespace gw::exchange
