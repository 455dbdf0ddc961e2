// SPDX-License-Identifier: Apache-2.0
#include "endpoints/refresh.h"

#include "base/log.h"
#include "endpoints/browser.h"
#include "endpoints/possession.h"
#include "endpoints/session_cookies.h"
#include "endpoints/waiting.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

struct RefreshState : SessionState {
  std::optional<auth::RefreshToken> token;
  store::Family family;
};

Verdict end_session_of_nobody(Exchange& exchange, const store::Family& family) {
  log::info("session ended: its account is disabled or gone",
            {{"request_id", exchange.request_id()}, {"subject", family.subject}});
  auto ended = [&exchange](std::monostate) {
    return exchange.refuse({Fault::token_revoked, "the account is disabled or gone"});
  };
  return exchange.wait_for(exchange.world().login->sessions.end_session(
      family.id, exchange.services().loop.wall(), then(exchange, std::move(ended))));
}

}  // namespace

Verdict read_refresh_token(Exchange& exchange) {
  auto& state = exchange.endpoint_state<RefreshState>();
  auto fields = take_fields(exchange);
  if (!fields) return exchange.refuse(fields.error());
  const auto sent = fields->take_secret("refresh_token");
  if (!sent) return exchange.refuse(sent.error());
  const auto next = fields->text("next");
  if (!next) return exchange.refuse(next.error());
  const auto cookie = find_refresh_cookie(exchange);
  if (!cookie) return exchange.refuse(cookie.error());
  if (!sent->empty() && *cookie) return exchange.refuse(Fault::ambiguous_credentials);
  if (sent->empty() && !*cookie) return exchange.refuse(Fault::token_missing);

  auto token = auth::RefreshToken::parse(*cookie ? **cookie : sent->reveal());
  if (!token) return exchange.refuse(token.error());
  state.token = std::move(*token);
  if (*cookie) state.delivery = is_browser_form(exchange) ? Delivery::redirect : Delivery::cookies;
  state.target = redirect_target(*next);
  return Verdict::proceed;
}

Verdict find_session(Exchange& exchange) {
  auto& state = exchange.endpoint_state<RefreshState>();
  auto found = [&state](store::Family family) {
    state.family = std::move(family);
    return Verdict::proceed;
  };
  return exchange.wait_for(exchange.world().login->sessions.find(
      *state.token, exchange.services().loop.wall(), then(exchange, std::move(found))));
}

Verdict demand_possession(Exchange& exchange) {
  return demand_binding(exchange, exchange.endpoint_state<RefreshState>().family);
}

Verdict look_up_account(Exchange& exchange) {
  auto& state = exchange.endpoint_state<RefreshState>();
  using Known = std::optional<auth::Account>;
  auto job = [backends = exchange.snapshot().backends, backend = state.family.backend,
              subject = state.family.subject]() -> Result<Known> {
    auto account = backends->find_subject(backend, subject);
    if (account) return account->disabled ? Known() : Known(std::move(*account));
    if (account.error() == auth::BackendFault::unavailable) return to_error(account.error());
    return Known();
  };
  return wait_for_job(exchange, std::move(job), [&exchange, &state](Known account) {
    if (!account) return end_session_of_nobody(exchange, state.family);
    state.who = {state.family.backend, std::move(*account)};
    return Verdict::proceed;
  });
}

Verdict rotate_token(Exchange& exchange) {
  auto& state = exchange.endpoint_state<RefreshState>();
  auto rotated = [&state](auth::Session session) {
    state.session = std::move(session);
    return Verdict::proceed;
  };
  return exchange.wait_for(exchange.world().login->sessions.refresh(
      *state.token, exchange.services().loop.wall(), then(exchange, std::move(rotated))));
}

}  // namespace gw::endpoints
