// SPDX-License-Identifier: Apache-2.0
#include "endpoints/logout.h"

#include "base/log.h"
#include "endpoints/audit.h"
#include "endpoints/browser.h"
#include "endpoints/session_cookies.h"
#include "endpoints/waiting.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

struct LogoutState : FormState {
  std::optional<auth::RefreshToken> refresh_token;
  bool by_cookie = false;
};

// Neither token was of a session.
Verdict refuse_logout(Exchange& exchange) {
  const policy::Caller caller = exchange.caller();
  if (caller.fault()) return exchange.refuse(*caller.fault());
  if (caller.identity() == nullptr) return exchange.refuse(Fault::token_malformed);
  const json::Value problems =
      json::Object{{"access_token", "has no jti or sid by which it could be revoked"}};
  return exchange.refuse(Fault::unprocessable_content, {}, problems);
}

}  // namespace

Verdict read_logout(Exchange& exchange) {
  auto& state = exchange.endpoint_state<LogoutState>();
  auto fields = take_fields(exchange);
  if (!fields) return exchange.refuse(fields.error());
  const auto sent = fields->take_secret("refresh_token");
  if (!sent) return exchange.refuse(sent.error());
  const auto next = fields->text("next");
  if (!next) return exchange.refuse(next.error());
  state.next = redirect_target(*next);
  const auto cookie = find_refresh_cookie(exchange);
  if (!cookie) return exchange.refuse(cookie.error());
  if (!sent->empty() && *cookie) return exchange.refuse(Fault::ambiguous_credentials);

  const bool has_access_token = exchange.credential_source() != exchange::CredentialSource::none;
  if (!has_access_token && sent->empty() && !*cookie) return exchange.refuse(Fault::token_missing);
  state.by_cookie = *cookie || exchange.credential_source() == exchange::CredentialSource::cookie;
  auto token = auth::RefreshToken::parse(*cookie ? **cookie : sent->reveal());
  if (token) state.refresh_token = std::move(*token);
  return Verdict::proceed;
}

Verdict end_session(Exchange& exchange) {
  auto& state = exchange.endpoint_state<LogoutState>();
  if (exchange.identity() == nullptr && !state.refresh_token) return refuse_logout(exchange);
  auto ended = [&exchange](bool was_any) {
    if (!was_any) return refuse_logout(exchange);
    log::info("session ended by its user", {{"request_id", exchange.request_id()}});
    exchange::AuditEvent event("logout");
    if (exchange.identity() != nullptr)
      event.add("sub", exchange.identity()->subject).add("sid", exchange.identity()->session_id);
    audit(exchange, std::move(event));
    return Verdict::proceed;
  };
  return exchange.wait_for(exchange.world().login->sessions.end(
      {exchange.identity_ref(), std::move(state.refresh_token)}, exchange.services().loop.wall(),
      then(exchange, std::move(ended))));
}

Verdict reply_logged_out(Exchange& exchange) {
  const auto& state = exchange.endpoint_state<LogoutState>();
  exchange::Reply reply;
  reply.status = 204;
  if (state.by_cookie && is_browser_form(exchange)) {
    reply.status = 303;
    reply.fields.emplace_back("Location", state.next);
  }
  if (state.by_cookie) clear_cookies(exchange.snapshot().login.cookie, reply);
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
