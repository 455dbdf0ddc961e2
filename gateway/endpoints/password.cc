// SPDX-License-Identifier: Apache-2.0
#include "endpoints/password.h"

#include <algorithm>

#include "auth/credential_cache.h"
#include "auth/lockout.h"
#include "auth/password_hash.h"
#include "base/log.h"
#include "endpoints/new_account.h"
#include "endpoints/pages.h"
#include "endpoints/reset_links.h"
#include "endpoints/waiting.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

struct PasswordState : FormState {
  SecretString current, wanted;
  std::string backend;  // that knows the account
  auth::Account account;
  auth::Lockout::Reservation reservation;
};

enum class Change : std::uint8_t { done, wrong_password };

// On the blocking pool.
Result<Change> change(const auth::BackendSet& backends, const auth::HashOptions& cost,
                      const PasswordState& asked) {
  const auto verified = backends.verify(asked.account.username, asked.current);
  if (!verified && verified.error() == auth::BackendFault::wrong_password) return Change::wrong_password;
  if (!verified) return to_error(verified.error());
  // Another backend may know the name, too, and have been asked first.
  if (verified->account.subject != asked.account.subject) return Change::wrong_password;
  auth::CredentialBackend* backend = backends.find_backend(asked.backend);
  if (backend == nullptr || !backend->can_write()) return to_error(auth::BackendFault::read_only);
  auto hash = auth::PasswordHasher(cost).hash(asked.wanted);
  if (!hash) return Error(Fault::overloaded, std::move(hash.error()));
  const auto set = backend->set_password(asked.account.username, *hash);
  if (!set) return to_error(set.error());
  return Change::done;
}

}  // namespace

Verdict show_password_page(Exchange& exchange) {
  return exchange.answer(pages_of(exchange).render(exchange, "password", json::Object{}));
}

Verdict read_password_change(Exchange& exchange) {
  auto& state = exchange.endpoint_state<PasswordState>();
  auto fields = take_fields(exchange);
  if (!fields) return exchange.refuse(fields.error());
  auto current = fields->take_secret("current_password");
  auto wanted = fields->take_secret("password");
  if (!current || !wanted) return exchange.refuse(current ? wanted.error() : current.error());
  json::Value problems;
  if (current->empty()) problems.set("current_password", "is missing");
  const auth::LoginOptions& login = exchange.snapshot().login;
  if (std::string problem = check_password(*wanted, login.password_min_length); !problem.empty())
    problems.set("password", std::move(problem));
  if (!problems.is_null()) return exchange.refuse(Fault::unprocessable_content, {}, problems);
  state.new_password = *wanted;
  state.current = std::move(*current);
  state.wanted = std::move(*wanted);
  return Verdict::proceed;
}

// By the session, which knows the backend: a name may mean another account elsewhere.
Verdict find_own_account(Exchange& exchange) {
  auto& state = exchange.endpoint_state<PasswordState>();
  auto listed = [&exchange, &state](std::vector<store::Family> families) {
    const auto own = std::find_if(families.begin(), families.end(), [&](const store::Family& family) {
      return family.id == exchange.identity()->session_id;
    });
    if (own == families.end()) return exchange.refuse(Fault::token_revoked);
    state.backend = own->backend;
    auto job = [backends = exchange.snapshot().backends, backend = own->backend,
                subject = own->subject]() -> Result<auth::Account> {
      auto account = backends->find_subject(backend, subject);
      if (account && account->disabled) return to_error(auth::BackendFault::disabled);
      if (!account) return to_error(account.error());
      return std::move(*account);
    };
    return wait_for_job(exchange, std::move(job), [&state](auth::Account account) {
      state.account = std::move(account);
      return Verdict::proceed;
    });
  };
  return exchange.wait_for(exchange.world().login->sessions.list(std::string(exchange.identity()->subject),
                                                                 exchange.services().loop.wall(),
                                                                 then(exchange, std::move(listed))));
}

Verdict reserve_password_attempt(Exchange& exchange) {
  auto& state = exchange.endpoint_state<PasswordState>();
  auto reserved = [&exchange, &state](auth::Lockout::Reservation reservation) {
    if (!reservation.allowed) return refuse_locked_out(exchange, state, reservation.retry_after);
    state.reservation = std::move(reservation);
    return Verdict::proceed;
  };
  return exchange.wait_for(exchange.world().login->lockout.reserve(
      {state.account.username, state.account.subject, client_address(exchange)},
      exchange.services().loop.wall(), then(exchange, std::move(reserved))));
}

Verdict change_password(Exchange& exchange) {
  auto& state = exchange.endpoint_state<PasswordState>();
  PasswordState asked;
  asked.current = std::move(state.current);
  asked.wanted = std::move(state.wanted);
  asked.backend = state.backend;
  asked.account = state.account;
  auto job = [backends = exchange.snapshot().backends, cost = exchange.snapshot().hash,
              asked = std::move(asked)] { return change(*backends, cost, asked); };
  auto changed = [&exchange, &state, reservation = std::move(state.reservation)](Change outcome) mutable {
    if (outcome == Change::done) {
      state.reservation = std::move(reservation);
      return Verdict::proceed;
    }
    return exchange.refuse(Fault::unprocessable_content, {}, json::Object{{"current_password", "is wrong"}});
  };
  return wait_for_job(exchange, std::move(job), std::move(changed));
}

Verdict clear_password_attempts(Exchange& exchange) {
  auto& state = exchange.endpoint_state<PasswordState>();
  return exchange.wait_for(exchange.world().login->lockout.succeed(
      std::move(state.reservation), state.account.subject, client_address(exchange),
      exchange.services().loop.wall(), then(exchange, [](std::monostate) { return Verdict::proceed; })));
}

Verdict end_other_sessions(Exchange& exchange) {
  log::info("password changed",
            {{"request_id", exchange.request_id()}, {"subject", exchange.identity()->subject}});
  return exchange.wait_for(exchange.world().login->sessions.end_others(
      std::string(exchange.identity()->subject), std::string(exchange.identity()->session_id),
      exchange.services().loop.wall(), then(exchange, [](bool) { return Verdict::proceed; })));
}

// Where it is still remembered from Basic, and where a link would replace the new one.
Verdict end_old_password(Exchange& exchange) {
  exchange::Services& services = exchange.services();
  const std::string subject(exchange.identity()->subject);
  const WallSeconds now = services.loop.wall();
  store::Revocation revocation{store::RevokedKind::subject, subject, now, now + 2 * auth::kBasicMemory,
                               std::string(auth::kBasicIssuer)};
  revocation.ends_sessions = false;
  auto ended = [&exchange, subject](std::monostate) { return end_reset_links(exchange, subject); };
  return exchange.wait_for(
      services.store->revoke(services.loop, std::move(revocation), then(exchange, std::move(ended))));
}

Verdict reply_password_changed(Exchange& exchange) {
  if (is_browser_form(exchange) && exchange.snapshot().pages != nullptr)
    return send_on(exchange, exchange.snapshot().login.prefix + "/sessions?done=password");
  exchange::Reply reply;
  reply.status = 204;
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
