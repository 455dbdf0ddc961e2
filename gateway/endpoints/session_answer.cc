// SPDX-License-Identifier: Apache-2.0
#include "endpoints/session_answer.h"

#include <algorithm>

#include "auth/random_id.h"
#include "base/log.h"
#include "endpoints/access_claims.h"
#include "endpoints/audit.h"
#include "endpoints/possession.h"
#include "endpoints/session_cookies.h"
#include "endpoints/waiting.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Reply;
using exchange::Verdict;

json::Value make_claims(const jose::TokenOptions& options, const auth::Account& account,
                        const store::Family& family, WallSeconds now) {
  const std::string token_id = auth::make_random_id();
  json::Value claims = make_standard_claims(options, {.subject = account.subject,
                                                      .session_id = family.id,
                                                      .token_id = token_id,
                                                      .issued_at = now,
                                                      .lifetime = access_lifetime(options)});
  add_account_claims(claims, options, account);
  add_confirmation(claims, family);
  return claims;
}

// What a client says that it is, fit for a list of sessions.
std::string client_name(const Exchange& exchange) {
  constexpr std::size_t kMaxBytes = 300;
  const http::Field* field = exchange.request().fields.find("User-Agent");
  if (field == nullptr) return {};
  std::string name(field->value.substr(0, kMaxBytes));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c == '\x7f'; },
      '?');  // bytes above ASCII, too
  return name;
}

}  // namespace

Verdict open_session(Exchange& exchange) {
  auto& state = exchange.endpoint_state<SessionState>();
  const jose::TokenOptions& tokens = exchange.snapshot().tokens;
  const WallSeconds now = exchange.services().loop.wall();
  json::Value granted = json::Object{};
  add_account_claims(granted, tokens, state.who.account);
  auto opened = [&exchange, &state](auth::Session session) {
    log::info("session opened", {{"request_id", exchange.request_id()}, {"subject", session.family.subject}});
    audit(exchange, exchange::AuditEvent("login")
                        .add("sub", session.family.subject)
                        .add("sid", session.family.id)
                        .add("backend", session.family.backend));
    state.session = std::move(session);
    return Verdict::proceed;
  };
  auth::SessionOrigin origin{std::string(exchange.client_ip()), client_name(exchange)};
  add_binding(exchange, origin);
  return exchange.wait_for(exchange.world().login->sessions.open(state.who.account, state.who.backend,
                                                                 scope_text(granted), std::move(origin), now,
                                                                 then(exchange, std::move(opened))));
}

Result<Issued> issue_tokens(Exchange& exchange, const auth::Account& account, const auth::Session& session) {
  const exchange::Snapshot& snapshot = exchange.snapshot();
  const WallSeconds now = exchange.services().loop.wall();
  const json::Value claims = make_claims(snapshot.tokens, account, session.family, now);
  auto access_token = exchange.world().signer->mint(claims);
  if (!access_token) return access_token.error();
  const auth::CookieOptions& cookie = snapshot.login.cookie;
  Issued issued{std::move(*access_token), scope_text(claims), {}};
  issued.cookies = {format_cookie(cookie, cookie.name, issued.access_token, access_lifetime(snapshot.tokens)),
                    format_cookie(cookie, refresh_cookie_name(cookie), session.refresh_token.reveal(),
                                  session.family.expires_at - now)};
  return issued;
}

Verdict reply_with_tokens(Exchange& exchange) {
  const auto& state = exchange.endpoint_state<SessionState>();
  auto issued = issue_tokens(exchange, state.who.account, *state.session);
  if (!issued) return exchange.refuse(issued.error());
  Reply reply;
  if (state.delivery != Delivery::body)
    for (std::string& cookie : issued->cookies) reply.fields.emplace_back("Set-Cookie", std::move(cookie));
  if (state.delivery == Delivery::redirect) {
    reply.status = 303;
    reply.fields.emplace_back("Location", state.target);
    return exchange.answer(std::move(reply));
  }
  json::Object answer;
  if (state.delivery == Delivery::body) answer.emplace_back("access_token", std::move(issued->access_token));
  answer.emplace_back("token_type", state.session->family.bound_key.empty() ? "Bearer" : "DPoP");
  answer.emplace_back("expires_in", access_lifetime(exchange.snapshot().tokens));
  if (state.delivery == Delivery::body)
    answer.emplace_back("refresh_token", state.session->refresh_token.reveal());
  answer.emplace_back("scope", std::move(issued->scope));
  reply.status = state.status;
  reply.body = json::dump(std::move(answer));
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
