// SPDX-License-Identifier: Apache-2.0
#include "endpoints/reset.h"

#include <algorithm>

#include "auth/lockout.h"
#include "auth/password_hash.h"
#include "auth/random_id.h"
#include "base/base64url.h"
#include "base/log.h"
#include "endpoints/new_account.h"
#include "endpoints/pages.h"
#include "endpoints/reset_links.h"
#include "endpoints/waiting.h"
#include "http/form.h"
#include "jose/digest.h"
#include "mail/outbox.h"
#include "net/deadlines.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;
using store::Record;
using store::RecordKind;

constexpr std::size_t kTokenBytes = 32;
// Of one address, and from one network: enough for people, too few to fill a mailbox.
constexpr store::LockoutPolicy kLimit{10, 15min, 15min};

// The answer to a request for a link comes so long after it and at the next tick, whatever was done: handing
// a message on takes time that would tell a known address.
constexpr Duration kAnswerAfter = 100ms;

struct ResetState : FormState {
  std::string email;
  SecretString token;
  SecretString password;
  TimePoint answer_at{};
  Pause pause;
};

struct Recipient {
  std::string email;  // as registered
  std::string backend;
  std::string subject;
  std::string username;
};

std::string hash_of(std::string_view text) {
  return base64url_encode(jose::digest(jose::Hash::sha256, text).view());
}

// Nobody's when there is no such account, or it has no address, or its password cannot be set here.
Result<std::optional<Recipient>> find_recipient(const auth::BackendSet& backends, const std::string& email) {
  auto known = backends.find(email);
  if (!known && known.error() == auth::BackendFault::unknown_user) return std::optional<Recipient>();
  if (!known) return to_error(known.error());
  const auth::CredentialBackend* backend = backends.find_backend(known->backend);
  const bool reachable = is_email_address(known->account.email) && !known->account.disabled;
  if (!reachable || backend == nullptr || !backend->can_write()) return std::optional<Recipient>();
  return std::optional<Recipient>(
      {known->account.email, known->backend, known->account.subject, known->account.username});
}

mail::Message compose(Exchange& exchange, const Recipient& to, const std::string& token) {
  const auth::LoginOptions& login = exchange.snapshot().login;
  const auth::ResetOptions& reset = *login.reset;
  mail::Message message;
  message.to = to.email;
  message.link = reset.url + login.prefix + "/reset?token=" + token;
  message.expires_at =
      exchange.services().loop.wall() + std::chrono::duration_cast<std::chrono::seconds>(reset.ttl).count();
  json::Value values = json::Object{
      {"link", message.link},
      {"minutes", std::chrono::duration_cast<std::chrono::minutes>(reset.ttl).count()},
      // Not the host of the request: who asks must not choose what the message says.
      {"title", login.page.title.empty() ? reset.url.substr(reset.url.find("://") + 3) : login.page.title}};
  static const Phrases kPlain(
      "en", {{"reset.mail_subject", "Your new password for {title}"}, {"reset.mail_body", "{link}\n"}});
  const bool paged = exchange.snapshot().pages != nullptr;
  const Phrases& phrases = paged ? pages_of(exchange).phrases_for(exchange) : kPlain;
  message.language = phrases.language();
  message.subject = phrases.say("reset.mail_subject", values);
  message.text = phrases.say("reset.mail_body", values);
  return message;
}

// The same work for an address that nobody has: a record that nobody can use, and no message.
Verdict send_link(Exchange& exchange, ResetState& state, const std::optional<Recipient>& to) {
  const std::string token = base64url_encode(auth::make_random_bytes(kTokenBytes));
  const auth::ResetOptions& reset = *exchange.snapshot().login.reset;
  const WallSeconds now = exchange.services().loop.wall();
  mail::Message message = compose(exchange, to.value_or(Recipient{}), token);
  Record record{RecordKind::reset, hash_of(token), {}, "{}", now + 1};
  if (to) {
    record.owner = to->subject;
    record.value = json::dump(json::Object{{"backend", to->backend}, {"username", to->username}});
    record.until = message.expires_at;
  }
  auto kept = [&exchange, &state, &reset, wanted = to.has_value(),
               message = std::move(message)](std::monostate) mutable {
    if (wanted && !exchange.services().outbox->send(reset, std::move(message)))
      log::warn("no message was sent: too many wait", {{"request_id", exchange.request_id()}});
    return state.pause.until(exchange, state.answer_at);
  };
  return exchange.wait_for(exchange.services().store->put_record(exchange.services().loop, std::move(record),
                                                                 now, then(exchange, std::move(kept))));
}

Verdict begin_reset(Exchange& exchange, ResetState& state) {
  state.answer_at = exchange.services().loop.now() + kAnswerAfter;
  auto job = [backends = exchange.snapshot().backends, email = state.email] {
    return find_recipient(*backends, email);
  };
  return wait_for_job(exchange, std::move(job),
                      [&](const std::optional<Recipient>& to) { return send_link(exchange, state, to); });
}

Verdict end_sessions(Exchange& exchange, const std::string& subject) {
  log::info("password reset", {{"request_id", exchange.request_id()}, {"subject", subject}});
  auto unlocked = [&exchange, subject](std::monostate) {
    return exchange.wait_for(exchange.services().store->unlock(
        exchange.services().loop, subject,
        then(exchange, [&exchange, subject](std::monostate) { return end_reset_links(exchange, subject); })));
  };
  return exchange.wait_for(exchange.world().login->sessions.end_all(subject, exchange.services().loop.wall(),
                                                                    then(exchange, std::move(unlocked))));
}

// On the blocking pool.
Status set_password(const auth::BackendSet& backends, const auth::HashOptions& cost, const Record& record,
                    const SecretString& password) {
  const auto value = json::parse(record.value);
  const json::Value* name = value ? value->find("backend") : nullptr;
  if (name == nullptr || name->as_string() == nullptr) return to_error(auth::BackendFault::unknown_user);
  auth::CredentialBackend* backend = backends.find_backend(*name->as_string());
  if (backend == nullptr || !backend->can_write()) return to_error(auth::BackendFault::read_only);
  // By the account, not by the name: another may have that name by now.
  const auto account = backend->find_subject(record.owner);
  if (!account) return to_error(account.error());
  auto hash = auth::PasswordHasher(cost).hash(password);
  if (!hash) return Error(Fault::overloaded, std::move(hash.error()));
  const auto set = backend->set_password(account->username, *hash);
  return set ? Status() : Status(to_error(set.error()));
}

Verdict use_link(Exchange& exchange, ResetState& state) {
  auto taken = [&exchange, &state](std::optional<Record> record) {
    if (!record || record->owner.empty()) {
      state.token_is_bad = true;
      return exchange.refuse(Fault::unprocessable_content, {},
                             json::Object{{"token", "has been used, or has expired"}});
    }
    const std::string subject = record->owner;
    using Done = std::monostate;
    auto job = [backends = exchange.snapshot().backends, cost = exchange.snapshot().hash,
                record = std::move(*record), password = std::move(state.password)]() -> Result<Done> {
      const Status set = set_password(*backends, cost, record, password);
      if (!set) return set.error();
      return Done{};
    };
    return wait_for_job(exchange, std::move(job),
                        [&exchange, subject](Done) { return end_sessions(exchange, subject); });
  };
  return exchange.wait_for(exchange.services().store->take_record(
      exchange.services().loop, RecordKind::reset, hash_of(state.token.reveal()),
      exchange.services().loop.wall(), then(exchange, std::move(taken))));
}

}  // namespace

Verdict show_reset_page(Exchange& exchange) {
  const Pages& pages = pages_of(exchange);
  const auto query = http::parse_form(exchange.target().query);
  const std::string* token = query ? query->find("token") : nullptr;
  if (token != nullptr && !token->empty())
    return exchange.answer(
        pages.render(exchange, "new_password", json::Object{{"typed", json::Object{{"token", *token}}}}));
  json::Value model = json::Object{};
  if (query && query->find("sent") != nullptr) {
    const auto minutes =
        std::chrono::duration_cast<std::chrono::minutes>(exchange.snapshot().login.reset->ttl).count();
    model.set("done", pages.phrases_for(exchange).say("reset.sent", json::Object{{"minutes", minutes}}));
  }
  return exchange.answer(pages.render(exchange, "reset", std::move(model)));
}

Verdict read_reset(Exchange& exchange) {
  auto& state = exchange.endpoint_state<ResetState>();
  auto fields = take_fields(exchange);
  if (!fields) return exchange.refuse(fields.error());
  auto email = fields->text("email");
  auto token = fields->take_secret("token");
  auto password = fields->take_secret("password");
  if (!email) return exchange.refuse(email.error());
  if (!token || !password) return exchange.refuse(token ? password.error() : token.error());
  const bool uses = !token->empty();
  if (is_browser_form(exchange)) {
    if (uses)
      state.typed.set("token", token->reveal());
    else
      state.typed.set("email", *email);
  }
  json::Value problems;
  const auto note = [&](std::string_view field, std::string problem) {
    if (!problem.empty()) problems.set(field, std::move(problem));
  };
  if (uses) note("password", check_password(*password, exchange.snapshot().login.password_min_length));
  if (!uses && email->empty()) note("email", "is missing");
  if (!uses && !email->empty() && !is_email_address(*email)) note("email", "is no e-mail address");
  if (!problems.is_null()) return exchange.refuse(Fault::unprocessable_content, {}, problems);
  state.email = std::move(*email);
  state.token = std::move(*token);
  state.password = std::move(*password);
  if (uses) state.new_password = state.password;
  return Verdict::proceed;
}

Verdict limit_resets(Exchange& exchange) {
  auto& state = exchange.endpoint_state<ResetState>();
  std::vector<std::string> keys{"reset-from:" + auth::format_network(client_address(exchange))};
  if (state.token.empty()) keys.push_back("reset-of:" + hash_of(fold_email(state.email)));
  auto counted = [&exchange, &state](const store::Attempt& attempt) {
    if (!attempt.allowed) return refuse_locked_out(exchange, state, attempt.retry_after);
    return Verdict::proceed;
  };
  return exchange.wait_for(exchange.services().store->reserve_attempt(
      exchange.services().loop, std::move(keys), kLimit, exchange.services().loop.wall(),
      then(exchange, std::move(counted))));
}

Verdict act_on_reset(Exchange& exchange) {
  auto& state = exchange.endpoint_state<ResetState>();
  return state.token.empty() ? begin_reset(exchange, state) : use_link(exchange, state);
}

Verdict outlast_reset(Exchange& exchange) {
  auto& state = exchange.endpoint_state<ResetState>();
  return state.token.empty() ? Verdict::proceed
                             : state.pause.outlast(exchange, exchange.services().loop.wall());
}

Verdict reply_reset(Exchange& exchange) {
  const bool used = !exchange.endpoint_state<ResetState>().token.empty();
  if (is_browser_form(exchange) && exchange.snapshot().pages != nullptr)
    return send_on(exchange,
                   exchange.snapshot().login.prefix + (used ? "/login?done=reset" : "/reset?sent=1"));
  exchange::Reply reply;
  reply.status = used ? 204 : 202;
  if (!used)
    reply.body = json::dump(json::Object{{"detail", "If the address is known, a message is on its way."}});
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
