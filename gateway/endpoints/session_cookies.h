// SPDX-License-Identifier: Apache-2.0
// The two cookies of a browser's session: the access token's, and beside it, "-refresh" behind the name, the
// refresh token's. Both are Secure, HttpOnly, of this host alone and of all its paths (RFC 6265bis
// `__Host-`).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/options.h"
#include "base/clock.h"
#include "exchange/exchange.h"

namespace gw::endpoints {

std::string refresh_cookie_name(const auth::CookieOptions& options);

// A Set-Cookie value; a `max_age` of 0 takes the cookie away.
std::string format_cookie(const auth::CookieOptions& options, std::string_view name, std::string_view value,
                          WallSeconds max_age);

// The refresh token that a browser brings; none without the cookie, or with cookies off. Errors:
// ambiguous_credentials for two of them, csrf when another site may have made the request.
Result<std::optional<std::string_view>> find_refresh_cookie(const exchange::Exchange& exchange);

// Takes both cookies away.
void clear_cookies(const auth::CookieOptions& options, exchange::Reply& reply);

}  // namespace gw::endpoints
