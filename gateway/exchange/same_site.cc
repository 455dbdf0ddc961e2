// SPDX-License-Identifier: Apache-2.0
#include "exchange/same_site.h"

#include "exchange/exchange.h"

namespace gw::exchange {
namespace {

enum class Sign : std::uint8_t { absent, same, other };

// The authority of the origin as a client writes it: without the scheme's own port.
bool is_own_origin(const Exchange& exchange, std::string_view origin) {
  const std::string_view scheme = exchange.client_is_secure() ? "https://" : "http://";
  if (!origin.starts_with(scheme)) return false;
  std::string_view ours = exchange.request().authority;
  const std::string_view port = exchange.client_is_secure() ? ":443" : ":80";
  if (ours.ends_with(port)) ours.remove_suffix(port.size());
  return !ours.empty() && http::equal_without_case(origin.substr(scheme.size()), ours);
}

Sign origin_sign(const Exchange& exchange, const http::Fields& fields) {
  const http::Field* origin = fields.find(http::FieldName::origin);
  if (origin == nullptr) return Sign::absent;
  if (fields.count(http::FieldName::origin) > 1) return Sign::other;
  return is_own_origin(exchange, origin->value) ? Sign::same : Sign::other;
}

Sign fetch_sign(const http::Fields& fields) {
  const http::Field* site = fields.find(http::FieldName::sec_fetch_site);
  if (site == nullptr) return Sign::absent;
  if (fields.count(http::FieldName::sec_fetch_site) > 1) return Sign::other;
  // "none": the user's own doing, such as a bookmark.
  return site->value == "same-origin" || site->value == "none" ? Sign::same : Sign::other;
}

}  // namespace

bool is_same_site(const Exchange& exchange) {
  if (exchange.is_from_login_origin()) return true;
  const http::Fields& fields = exchange.request().fields;
  const Sign origin = origin_sign(exchange, fields), fetch = fetch_sign(fields);
  if (origin == Sign::other || fetch == Sign::other) return false;
  return origin == Sign::same || fetch == Sign::same;
}

bool is_cross_site(const Exchange& exchange) {
  const http::Fields& fields = exchange.request().fields;
  return origin_sign(exchange, fields) == Sign::other || fetch_sign(fields) == Sign::other;
}

}  // namespace gw::exchange
