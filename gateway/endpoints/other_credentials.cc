// SPDX-License-Identifier: Apache-2.0
#include "endpoints/other_credentials.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "auth/api_key.h"
#include "auth/lockout.h"
#include "auth/random_id.h"
#include "base/utf8.h"
#include "endpoints/access_claims.h"
#include "endpoints/basic_credentials.h"
#include "endpoints/waiting.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

// The identity that an access token with these claims has, made by the one way that identities are made.
Result<auth::IdentityRef> make_identity(Exchange& exchange, std::string_view subject,
                                        const json::Value& more) {
  const jose::TokenOptions& tokens = exchange.snapshot().tokens;
  const WallSeconds now = exchange.services().loop.wall();
  const std::string token_id = auth::make_random_id();
  json::Value claims = make_standard_claims(tokens, {.subject = subject,
                                                     .session_id = {},
                                                     .token_id = token_id,
                                                     .issued_at = now,
                                                     .lifetime = access_lifetime(tokens)});
  std::erase_if(*claims.as_object(), [](const json::Member& claim) { return claim.first == "sid"; });
  for (const auto& [name, value] : *more.as_object())
    if (!is_reserved_claim(name)) claims.set(name, value);
  const auto token = exchange.world().signer->mint(claims);
  if (!token) return token.error();
  return exchange.world().verifier.verify(*token, now);
}

Verdict accept(Exchange& exchange, auth::IdentityRef identity) {
  exchange.become(std::move(identity));
  if (exchange.services().revocations.is_revoked(*exchange.identity()))
    exchange.reject_token(Fault::token_revoked);
  return Verdict::proceed;
}

Verdict reject(Exchange& exchange, Fault fault) {
  exchange.reject_token(fault);
  return Verdict::proceed;
}

std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : " ") + text;
  return joined;
}

Verdict judge_key(Exchange& exchange, const std::optional<store::Record>& record) {
  const auto facts = record ? auth::parse_api_key(record->value) : std::nullopt;
  const std::string hash = auth::hash_api_key(exchange.token());
  if (!facts || !equal_in_constant_time(facts->hash, hash)) return reject(exchange, Fault::token_revoked);
  json::Value claims = json::Object{{"api_key", record->key}, {"name", facts->name}};
  if (!facts->scopes.empty()) claims.set("scope", join(facts->scopes));
  if (!facts->roles.empty()) claims.set("roles", json::Array(facts->roles.begin(), facts->roles.end()));
  auto identity = make_identity(exchange, record->owner, claims);
  if (!identity) return exchange.refuse(identity.error());
  const WallSeconds now = exchange.services().loop.wall();
  exchange.world().login->credentials.add(exchange.token(), *identity,
                                          std::min(record->until, now + auth::kKeyMemory), now);
  return accept(exchange, std::move(*identity));
}

// Whether the account's password, or all that it had, has been revoked since.
bool is_revoked_since(Exchange& exchange, const auth::Identity& identity, WallSeconds since) {
  const auth::Revocations& revocations = exchange.services().revocations;
  return revocations.covers(identity.subject, auth::kBasicIssuer, since) ||
         revocations.covers(identity.subject, identity.issuer, since);
}

struct BasicLogin {
  std::string_view credential;  // as sent, for the cache
  WallSeconds began = 0;
  std::string username;
  SecretString password;
  std::optional<std::string> subject{};
  auth::Lockout::Reservation reservation{};
  auth::BackendAccount who{};
};
using Login = std::unique_ptr<BasicLogin>;

Verdict remember(Exchange& exchange, Login login) {
  json::Value claims = json::Object{};
  add_account_claims(claims, exchange.snapshot().tokens, login->who.account);
  auto identity = make_identity(exchange, login->who.account.subject, claims);
  if (!identity) return exchange.refuse(identity.error());
  const WallSeconds now = exchange.services().loop.wall();
  // The backend may have been asked before the change.
  if (!is_revoked_since(exchange, **identity, login->began))
    exchange.world().login->credentials.add(login->credential, *identity, now + auth::kBasicMemory, now);
  exchange.become(std::move(*identity));  // verified just now: a revocation is of what was before
  return Verdict::proceed;
}

Verdict verify(Exchange& exchange, Login login) {
  auto job = [backends = exchange.snapshot().backends, username = login->username,
              password = std::move(login->password)]() -> Result<std::optional<auth::BackendAccount>> {
    auto verified = backends->verify(username, password);
    if (verified) return std::optional(std::move(*verified));
    if (verified.error() == auth::BackendFault::unavailable) return to_error(verified.error());
    return std::optional<auth::BackendAccount>();
  };
  auto verified = [&exchange, login = std::move(login)](std::optional<auth::BackendAccount> who) mutable {
    if (!who) return reject(exchange, Fault::bad_credentials);
    login->who = std::move(*who);
    std::string subject = login->who.account.subject;
    auth::Lockout::Reservation reservation = std::move(login->reservation);
    return exchange.wait_for(exchange.world().login->lockout.succeed(
        std::move(reservation), std::move(subject), client_address(exchange), exchange.services().loop.wall(),
        then(exchange, [&exchange, login = std::move(login)](std::monostate) mutable {
          return remember(exchange, std::move(login));
        })));
  };
  return wait_for_job(exchange, std::move(job), std::move(verified));
}

Verdict reserve(Exchange& exchange, Login login) {
  auth::Lockout::Attempt attempt{login->username, login->subject, client_address(exchange)};
  auto reserved = [&exchange, login = std::move(login)](auth::Lockout::Reservation reservation) mutable {
    if (!reservation.allowed) {
      FormState state;
      return refuse_locked_out(exchange, state, reservation.retry_after);
    }
    login->reservation = std::move(reservation);
    return verify(exchange, std::move(login));
  };
  return exchange.wait_for(exchange.world().login->lockout.reserve(
      std::move(attempt), exchange.services().loop.wall(), then(exchange, std::move(reserved))));
}

Verdict find_account(Exchange& exchange, Login login) {
  using Subject = std::optional<std::string>;
  auto job = [backends = exchange.snapshot().backends, username = login->username]() -> Result<Subject> {
    auto known = backends->find(username);
    if (known) return Subject(std::move(known->account.subject));
    if (known.error() == auth::BackendFault::unknown_user) return Subject();
    return to_error(known.error());
  };
  return wait_for_job(exchange, std::move(job),
                      [&exchange, login = std::move(login)](Subject subject) mutable {
                        login->subject = std::move(subject);
                        return reserve(exchange, std::move(login));
                      });
}

}  // namespace

Verdict check_api_key(Exchange& exchange) {
  const auto id = auth::find_api_key_id(exchange.token());
  if (!id) return reject(exchange, Fault::token_malformed);
  const WallSeconds now = exchange.services().loop.wall();
  if (auto known = exchange.world().login->credentials.find(exchange.token(), now))
    return accept(exchange, std::move(known));
  return exchange.wait_for(exchange.services().store->find_record(
      exchange.services().loop, store::RecordKind::api_key, std::string(*id), now,
      then(exchange,
           [&exchange](const std::optional<store::Record>& record) { return judge_key(exchange, record); })));
}

Verdict check_basic(Exchange& exchange) {
  const http::Field* field = exchange.request().fields.find(http::FieldName::authorization);
  auto sent = parse_basic(field->value);
  if (exchange.credential_source() == exchange::CredentialSource::cookie)
    return exchange.refuse(Fault::ambiguous_credentials);
  exchange.set_credential(exchange::CredentialSource::authorization, {});
  if (!sent || sent->password.empty()) return reject(exchange, Fault::bad_credentials);
  const WallSeconds now = exchange.services().loop.wall();
  auto known = exchange.world().login->credentials.find(field->value, now);
  if (known && !exchange.services().revocations.is_revoked(*known) &&
      !is_revoked_since(exchange, *known, known->issued_at)) {
    exchange.become(std::move(known));
    return Verdict::proceed;
  }
  auto login = std::make_unique<BasicLogin>();
  login->began = now;
  login->credential = field->value;
  login->username = std::move(sent->username);
  login->password = std::move(sent->password);
  return find_account(exchange, std::move(login));
}

}  // namespace gw::endpoints
