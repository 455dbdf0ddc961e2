// SPDX-License-Identifier: Apache-2.0
#include "endpoints/renew.h"

#include <memory>
#include <utility>

#include "base/log.h"
#include "endpoints/possession.h"
#include "endpoints/session_answer.h"
#include "endpoints/session_cookies.h"
#include "endpoints/waiting.h"
#include "exchange/browser_pages.h"
#include "exchange/same_site.h"
#include "http/cookie.h"
#include "http/websocket.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

// From one wait to the next; the endpoint's own state is another's.
struct Renewal {
  auth::RefreshToken token;
  store::Family family{};
  auth::Account account{};
};
using RenewalPointer = std::unique_ptr<Renewal>;

Verdict go_on_as_nobody(Exchange& exchange) {
  const auth::CookieOptions& cookie = exchange.snapshot().login.cookie;
  for (const std::string& name : {cookie.name, exchange.snapshot().refresh_cookie})
    exchange.add_cookie(format_cookie(cookie, name, "", 0));
  // A person is asked to sign in; a script is told what was wrong with its cookie, if it had one.
  if (!exchange.caller().fault() || !exchange::is_visit(exchange)) return Verdict::proceed;
  exchange.forget_credential();
  const policy::Route* route = exchange.route();
  if (route != nullptr && route->anonymous) exchange.become(exchange.world().anonymous(*route));
  return Verdict::proceed;
}

// What `use` makes of a result; an error of the client's ends the renewal, any other the request.
template <class Use>
auto on_result(Exchange& exchange, Use use) {
  return [&exchange, use = std::move(use)](auto result) mutable {
    if (result) return exchange.resume(use(std::move(*result)));
    if (info_of(result.error().fault).blame != Blame::client)
      return exchange.resume(exchange.refuse(result.error()));
    exchange.resume(go_on_as_nobody(exchange));
  };
}

Verdict become_renewed(Exchange& exchange, const Renewal& renewal, const auth::Session& session) {
  auto issued = issue_tokens(exchange, renewal.account, session);
  if (!issued) return exchange.refuse(issued.error());
  const std::string_view token = exchange.keep(std::move(issued->access_token));
  auto identity = exchange.world().verifier.verify(token, exchange.services().loop.wall());
  if (!identity) return exchange.refuse(identity.error());
  for (std::string& cookie : issued->cookies) exchange.add_cookie(std::move(cookie));
  exchange.set_credential(exchange::CredentialSource::cookie, token);
  exchange.become(std::move(*identity));
  // It may have been logged out while the successor was made.
  if (exchange.services().revocations.is_revoked(*exchange.identity()))
    exchange.reject_token(Fault::token_revoked);
  return Verdict::proceed;
}

Verdict rotate(Exchange& exchange, RenewalPointer renewal) {
  const auth::RefreshToken& token = renewal->token;
  auto rotated = [&exchange, renewal = std::move(renewal)](auth::Session session) {
    return become_renewed(exchange, *renewal, session);
  };
  return exchange.wait_for(exchange.world().login->sessions.refresh(token, exchange.services().loop.wall(),
                                                                    on_result(exchange, std::move(rotated))));
}

Verdict end_session_of_nobody(Exchange& exchange, const store::Family& family) {
  auto ended = [&exchange](std::monostate) { return go_on_as_nobody(exchange); };
  return exchange.wait_for(exchange.world().login->sessions.end_session(
      family.id, exchange.services().loop.wall(), on_result(exchange, std::move(ended))));
}

Verdict look_up(Exchange& exchange, RenewalPointer renewal) {
  using Known = std::optional<auth::Account>;
  auto job = [backends = exchange.snapshot().backends, backend = renewal->family.backend,
              subject = renewal->family.subject]() -> Result<Known> {
    auto account = backends->find_subject(backend, subject);
    if (account) return account->disabled ? Known() : Known(std::move(*account));
    if (account.error() == auth::BackendFault::unavailable) return to_error(account.error());
    return Known();
  };
  auto known = [&exchange, renewal = std::move(renewal)](Known account) mutable {
    if (!account) return end_session_of_nobody(exchange, renewal->family);
    renewal->account = std::move(*account);
    return rotate(exchange, std::move(renewal));
  };
  exchange::Services& services = exchange.services();
  return exchange.wait_for(
      services.pool.run(services.loop, std::move(job), on_result(exchange, std::move(known))));
}

}  // namespace

Verdict renew_in_passing(Exchange& exchange) {
  std::string_view value;
  std::size_t count = 0;
  for (const http::Field& field : exchange.request().fields) {
    if (field.id != http::FieldName::cookie) continue;
    const http::CookieMatch match = http::find_cookie(field.value, exchange.snapshot().refresh_cookie);
    count += match.count;
    if (match.count != 0) value = match.value;
  }
  if (count == 0) return Verdict::proceed;
  if (count > 1) return exchange.refuse(Fault::ambiguous_credentials);
  // As for the access cookie: what may change something has to come from this site.
  const bool may_act =
      !http::is_safe(exchange.request().method) || http::asks_for_websocket(exchange.request());
  if (may_act && !exchange::is_same_site(exchange)) return exchange.refuse(Fault::csrf);

  auto token = auth::RefreshToken::parse(value);
  if (!token) return go_on_as_nobody(exchange);
  auto renewal = std::make_unique<Renewal>(Renewal{std::move(*token)});
  const auth::RefreshToken& presented = renewal->token;
  auto found = [&exchange, renewal = std::move(renewal)](store::Family family) mutable {
    // A browser proves no key in passing.
    if (!family.bound_key.empty() || !find_certificate_flaw(exchange, family).empty())
      return go_on_as_nobody(exchange);
    renewal->family = std::move(family);
    return look_up(exchange, std::move(renewal));
  };
  return exchange.wait_for(exchange.world().login->sessions.find(presented, exchange.services().loop.wall(),
                                                                 on_result(exchange, std::move(found))));
}

}  // namespace gw::endpoints
