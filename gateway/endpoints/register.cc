// SPDX-License-Identifier: Apache-2.0
#include "endpoints/register.h"

#include "auth/password_hash.h"
#include "auth/random_id.h"
#include "endpoints/new_account.h"
#include "endpoints/waiting.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

struct RegisterState : SessionState {
  NewAccountForm form;
};

// Nobody may be registered whom any backend knows: the first that knows a name decides at login, so a new
// account would stand in the way of the old one.
Status demand_unknown(const auth::BackendSet& backends, const NewAccountForm& form) {
  for (const std::string& name : {form.username, form.email}) {
    const auto known = backends.find(name);
    if (known) return to_error(auth::BackendFault::taken);
    if (known.error() != auth::BackendFault::unknown_user) return to_error(known.error());
  }
  return {};
}

// Whoever is known takes the time of a hash, too.
Status demand_unknown_slowly(const auth::BackendSet& backends, const auth::HashOptions& cost,
                             const NewAccountForm& form) {
  Status unknown = demand_unknown(backends, form);
  if (!unknown && unknown.error().fault == Fault::taken) (void)auth::PasswordHasher(cost).hash(form.password);
  return unknown;
}

// On the blocking pool.
Result<auth::BackendAccount> create(const auth::BackendSet& backends, const auth::HashOptions& cost,
                                    const NewAccountForm& form) {
  auth::CredentialBackend* backend = backends.find_writable();
  if (backend == nullptr) return to_error(auth::BackendFault::read_only);
  if (auto unknown = demand_unknown_slowly(backends, cost, form); !unknown) return unknown.error();
  auto hash = auth::PasswordHasher(cost).hash(form.password);
  if (!hash) return Error(Fault::overloaded, std::move(hash.error()));
  auto created = backend->create({form.username, form.email, form.name, {}, std::move(*hash)});
  if (!created) return to_error(created.error());
  return auth::BackendAccount{backend->name(), std::move(*created)};
}

// With `reveal: false` nobody learns whether an address has an account: the answer is the same, and gives no
// session.
Verdict reply_in_silence(Exchange& exchange) {
  if (is_browser_form(exchange) && exchange.snapshot().pages != nullptr)
    return send_on(exchange, exchange.snapshot().login.prefix + "/login?done=registered");
  exchange::Reply reply;
  reply.status = 202;
  reply.body = json::dump(json::Object{{"detail", "If the address had no account, it has one now: log in."}});
  return exchange.answer(std::move(reply));
}

// A new account is a write that is waited for, so there is one where there is none: a record that nobody can
// use.
Verdict write_nothing(Exchange& exchange) {
  exchange::Services& services = exchange.services();
  const WallSeconds now = services.loop.wall();
  return exchange.wait_for(services.store->put_record(
      services.loop, {store::RecordKind::reset, auth::make_random_id(), {}, "{}", now + 1}, now,
      [&exchange](const Result<std::monostate>&) { exchange.resume(reply_in_silence(exchange)); }));
}

template <class Job>
Verdict create_in_silence(Exchange& exchange, Job job) {
  auto created = [&exchange](const Result<auth::BackendAccount>& who) {
    if (who) return exchange.resume(reply_in_silence(exchange));
    const bool is_taken = who.error().fault == Fault::taken;
    exchange.resume(is_taken ? write_nothing(exchange) : exchange.refuse(who.error()));
  };
  exchange::Services& services = exchange.services();
  return exchange.wait_for(services.pool.run(services.loop, std::move(job), std::move(created)));
}

}  // namespace

Verdict read_registration(Exchange& exchange) {
  auto& state = exchange.endpoint_state<RegisterState>();
  auto fields = take_fields(exchange);
  if (!fields) return exchange.refuse(fields.error());
  auto username = fields->text("username");
  auto email = fields->text("email");
  auto name = fields->text("name");
  auto password = fields->take_secret("password");
  auto next = fields->text("next");
  for (const Result<std::string>* text : {&username, &email, &name, &next})
    if (!*text) return exchange.refuse(text->error());
  if (!password) return exchange.refuse(password.error());

  *email = normalise_email(*email);
  state.form = {username->empty() ? *email : *username, *email, *name, std::move(*password)};
  if (is_browser_form(exchange)) {
    state.delivery = Delivery::redirect;
    state.target = redirect_target(*next);
    state.next = state.target == "/" ? std::string() : state.target;
    state.typed = json::Object{{"email", *email}, {"name", *name}};
  }
  const json::Value problems = find_problems(state.form, exchange.snapshot().login.password_min_length);
  if (!problems.is_null()) return exchange.refuse(Fault::unprocessable_content, {}, problems);
  state.new_password = state.form.password;
  state.status = 201;
  return Verdict::proceed;
}

Verdict create_account(Exchange& exchange) {
  auto& state = exchange.endpoint_state<RegisterState>();
  auto job = [backends = exchange.snapshot().backends, cost = exchange.snapshot().hash,
              form = std::move(state.form)] { return create(*backends, cost, form); };
  if (!exchange.snapshot().login.register_reveals) return create_in_silence(exchange, std::move(job));
  return wait_for_job(exchange, std::move(job), [&state](auth::BackendAccount who) {
    state.who = std::move(who);
    return Verdict::proceed;
  });
}

}  // namespace gw::endpoints
