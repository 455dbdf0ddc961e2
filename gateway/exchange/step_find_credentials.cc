// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/same_site.h"
#include "exchange/steps.h"
#include "http/cookie.h"
#include "http/websocket.h"

namespace gw::exchange {
namespace {

constexpr std::string_view kBearer = "Bearer", kDpop = "DPoP";

// Null: no credential of ours. A view: the text behind the scheme and its one space (RFC 6750 2.1).
std::optional<std::string_view> token_of(std::string_view value, std::string_view scheme) {
  if (value.size() < scheme.size() || !http::equal_without_case(value.substr(0, scheme.size()), scheme))
    return std::nullopt;
  const std::string_view rest = value.substr(scheme.size());
  if (rest.empty()) return rest;
  const char next = rest.front();
  if (next == ' ') return rest.substr(1);
  // "Bearer\t" and "Bearer," are malformed; "BearerX" is another scheme.
  return next == '\t' || next == ',' ? std::optional(rest) : std::nullopt;
}

}  // namespace

Verdict find_credentials(Exchange& exchange) {
  const http::Fields& fields = exchange.request().fields;
  std::optional<std::string_view> bearer;
  CredentialSource source = CredentialSource::authorization;
  if (const http::Field* field = fields.find(http::FieldName::authorization)) {
    if (fields.count(http::FieldName::authorization) > 1)
      return exchange.refuse(Fault::ambiguous_credentials);
    bearer = token_of(field->value, kBearer);
    if (!bearer && (bearer = token_of(field->value, kDpop))) source = CredentialSource::dpop;
    if (bearer && bearer->find(',') != std::string_view::npos)
      return exchange.refuse(Fault::ambiguous_credentials);
  }

  std::optional<std::string_view> cookie;
  const auth::CookieOptions& cookies = exchange.snapshot().login.cookie;
  if (exchange.snapshot().backends != nullptr && cookies.enabled) {
    std::size_t count = 0;
    for (const http::Field& field : fields) {
      if (field.id != http::FieldName::cookie) continue;
      const http::CookieMatch match = http::find_cookie(field.value, cookies.name);
      count += match.count;
      if (match.count != 0) cookie = match.value;
    }
    if (count > 1 || (count != 0 && bearer)) return exchange.refuse(Fault::ambiguous_credentials);
  }

  if (bearer) {
    exchange.set_credential(source, *bearer);
  } else if (cookie) {
    exchange.set_credential(CredentialSource::cookie, *cookie);
    const bool judged = exchange.route() == nullptr || exchange.route()->auth != policy::Auth::none;
    // Scripts of any site may open a WebSocket, and their browser sends the cookie along.
    const bool may_act =
        !http::is_safe(exchange.request().method) || http::asks_for_websocket(exchange.request());
    if (judged && may_act && !is_same_site(exchange)) return exchange.refuse(Fault::csrf);
  }
  return Verdict::proceed;
}

}  // namespace gw::exchange
