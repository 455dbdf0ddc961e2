// SPDX-License-Identifier: Apache-2.0
#include "endpoints/login.h"

#include <algorithm>

#include "auth/lockout.h"
#include "endpoints/waiting.h"
#include "net/address.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

constexpr std::size_t kMaxTyped = 1024;

struct LoginState : SessionState {
  std::string username;
  SecretString password;
  std::optional<std::string> subject;  // of the account that the name stands for
  auth::Lockout::Reservation reservation;
};

}  // namespace

Verdict read_login(Exchange& exchange) {
  exchange.facts().is_login = true;
  auto& state = exchange.endpoint_state<LoginState>();
  auto fields = take_fields(exchange);
  if (!fields) return exchange.refuse(fields.error());
  auto username = fields->text("username");
  auto email = fields->text("email");
  auto password = fields->take_secret("password");
  auto next = fields->text("next");
  for (const Error* error : {username ? nullptr : &username.error(), email ? nullptr : &email.error(),
                             password ? nullptr : &password.error(), next ? nullptr : &next.error()})
    if (error != nullptr) return exchange.refuse(*error);

  state.username = username->empty() ? *email : *username;
  if (is_browser_form(exchange)) {
    state.delivery = Delivery::redirect;
    state.target = redirect_target(*next);
    state.next = state.target == "/" ? std::string() : state.target;
    state.typed.set("username", state.username.substr(0, kMaxTyped));
  }

  json::Value problems;
  if (username->empty() && email->empty()) problems.set("username", "is missing");
  if (!username->empty() && !email->empty())
    problems.set("email", "stands beside a user name: send one of them");
  if (password->empty()) problems.set("password", "is missing");
  if (!problems.is_null()) return exchange.refuse(Fault::unprocessable_content, {}, problems);

  state.password = std::move(*password);
  return Verdict::proceed;
}

Verdict find_account(Exchange& exchange) {
  auto& state = exchange.endpoint_state<LoginState>();
  using Subject = std::optional<std::string>;
  auto job = [backends = exchange.snapshot().backends, username = state.username]() -> Result<Subject> {
    auto known = backends->find(username);
    if (known) return Subject(std::move(known->account.subject));
    if (known.error() == auth::BackendFault::unknown_user) return Subject();
    return to_error(known.error());
  };
  return wait_for_job(exchange, std::move(job), [&state](Subject subject) {
    state.subject = std::move(subject);
    return Verdict::proceed;
  });
}

Verdict reserve_attempt(Exchange& exchange) {
  auto& state = exchange.endpoint_state<LoginState>();
  auto reserved = [&exchange, &state](auth::Lockout::Reservation reservation) {
    if (!reservation.allowed) return refuse_locked_out(exchange, state, reservation.retry_after);
    state.reservation = std::move(reservation);
    return Verdict::proceed;
  };
  return exchange.wait_for(exchange.world().login->lockout.reserve(
      {state.username, state.subject, client_address(exchange)}, exchange.services().loop.wall(),
      then(exchange, std::move(reserved))));
}

Verdict verify_password(Exchange& exchange) {
  auto& state = exchange.endpoint_state<LoginState>();
  auto job = [backends = exchange.snapshot().backends, username = state.username,
              password = std::move(state.password)]() -> Result<auth::BackendAccount> {
    auto verified = backends->verify(username, password);
    if (!verified) return to_error(verified.error());
    return std::move(*verified);
  };
  // An attempt that fails is over at once, however slowly its answer is read.
  return wait_for_job(exchange, std::move(job),
                      [&state, reservation = std::move(state.reservation)](auth::BackendAccount who) mutable {
                        state.reservation = std::move(reservation);
                        state.who = std::move(who);
                        return Verdict::proceed;
                      });
}

Verdict clear_attempts(Exchange& exchange) {
  auto& state = exchange.endpoint_state<LoginState>();
  return exchange.wait_for(exchange.world().login->lockout.succeed(
      std::move(state.reservation), state.who.account.subject, client_address(exchange),
      exchange.services().loop.wall(), then(exchange, [](std::monostate) { return Verdict::proceed; })));
}

}  // namespace gw::endpoints
