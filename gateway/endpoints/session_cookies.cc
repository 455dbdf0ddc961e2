// SPDX-License-Identifier: Apache-2.0
#include "endpoints/session_cookies.h"

#include "exchange/same_site.h"
#include "http/cookie.h"

namespace gw::endpoints {
namespace {

std::string_view name_of(auth::SameSite same_site) {
  switch (same_site) {
    case auth::SameSite::lax:
      return "Lax";
    case auth::SameSite::strict:
      return "Strict";
    case auth::SameSite::none:
      break;
  }
  return "None";
}

}  // namespace

std::string refresh_cookie_name(const auth::CookieOptions& options) {
  return options.name + "-refresh";
}

std::string format_cookie(const auth::CookieOptions& options, std::string_view name, std::string_view value,
                          WallSeconds max_age) {
  std::string cookie(name);
  cookie.append("=").append(value);
  cookie.append("; Max-Age=").append(std::to_string(max_age));
  cookie.append("; Path=/; Secure; HttpOnly; SameSite=").append(name_of(options.same_site));
  return cookie;
}

Result<std::optional<std::string_view>> find_refresh_cookie(const exchange::Exchange& exchange) {
  const auth::CookieOptions& options = exchange.snapshot().login.cookie;
  if (!options.enabled) return std::optional<std::string_view>();
  const std::string name = refresh_cookie_name(options);
  std::optional<std::string_view> found;
  for (const http::Field& field : exchange.request().fields) {
    if (field.id != http::FieldName::cookie) continue;
    const http::CookieMatch match = http::find_cookie(field.value, name);
    if (match.count > 1 || (match.count == 1 && found)) return Error(Fault::ambiguous_credentials);
    if (match.count == 1) found = match.value;
  }
  if (found && !exchange::is_same_site(exchange)) return Error(Fault::csrf);
  return found;
}

void clear_cookies(const auth::CookieOptions& options, exchange::Reply& reply) {
  for (const std::string& name : {options.name, refresh_cookie_name(options)})
    reply.fields.emplace_back("Set-Cookie", format_cookie(options, name, "", 0));
}

}  // namespace gw::endpoints
