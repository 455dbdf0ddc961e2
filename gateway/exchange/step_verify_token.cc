// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>

#include "auth/key_demand.h"
#include "exchange/exchange.h"
#include "exchange/observer.h"
#include "exchange/steps.h"

namespace gw::exchange {
namespace {

using auth::Remedy;

Verdict ask_issuers(Exchange& exchange, std::size_t next, Error error);

Verdict settle(Exchange& exchange, Result<auth::IdentityRef> identity) {
  if (identity)
    exchange.become(std::move(*identity));
  else
    exchange.reject_token(std::move(identity.error()));  // authorise() judges it
  return Verdict::proceed;
}

// Again, with the keys that there are now.
Verdict judge_again(Exchange& exchange, const Remedy& former) {
  auth::TokenVerifier& verifier = exchange.world().verifier;
  auto identity = verifier.verify(exchange.token(), exchange.services().loop.wall());
  if (!identity && verifier.remedy().kind == Remedy::Kind::newer_keys)
    exchange.services().key_demand->note_unknown(former.issuer, former.kid);
  return settle(exchange, std::move(identity));
}

// Waits for newer keys, when that may help.
std::optional<Verdict> wait_for_keys(Exchange& exchange, const Remedy& remedy) {
  auth::KeyDemand* demand = exchange.services().key_demand;
  if (demand == nullptr) return std::nullopt;
  auto operation = demand->wait(remedy.issuer, remedy.kid,
                                [&exchange, remedy] { exchange.resume(judge_again(exchange, remedy)); });
  if (!operation) return std::nullopt;
  return exchange.wait_for(std::move(*operation));
}

bool may_be_asked(const Exchange& exchange, const Remedy& remedy, const std::string& issuer) {
  if (!remedy.issuer.empty() && remedy.issuer != issuer) return false;
  const policy::Route* route = exchange.route();
  if (route == nullptr || route->issuers.empty()) return true;
  return std::find(route->issuers.begin(), route->issuers.end(), issuer) != route->issuers.end();
}

// What the route says; empty: what holds for all.
std::optional<bool> serves_on_failure(const Exchange& exchange) {
  const policy::Route* route = exchange.route();
  return route != nullptr ? route->serves_on_failure : std::nullopt;
}

// One issuer's word. The next is asked when it does not know the token, or cannot be asked.
Verdict take_word(Exchange& exchange, std::size_t next, Error former, Result<auth::IdentityRef> word) {
  if (word) return settle(exchange, std::move(word));
  const bool is_final =
      word.error().fault != Fault::token_revoked && word.error().fault != Fault::backend_unavailable;
  if (is_final) return settle(exchange, std::move(word));
  // An issuer that is away might have known it.
  const bool keeps = former.fault == Fault::backend_unavailable;
  return ask_issuers(exchange, next, keeps ? std::move(former) : std::move(word.error()));
}

Verdict ask_issuers(Exchange& exchange, std::size_t next, Error error) {
  auth::Introspector& introspector = *exchange.world().introspector;
  const Remedy remedy = exchange.world().verifier.remedy();
  for (; next < introspector.names().size(); ++next) {
    const std::string& issuer = introspector.names()[next];
    if (!may_be_asked(exchange, remedy, issuer)) continue;
    if (auto known = introspector.find(issuer, exchange.token()))
      return take_word(exchange, next + 1, std::move(error), std::move(*known));
    return exchange.wait_for(
        introspector.ask(issuer, exchange.token(), serves_on_failure(exchange),
                         [&exchange, next, error = std::move(error)](Result<auth::IdentityRef> word) mutable {
                           exchange.resume(take_word(exchange, next + 1, std::move(error), std::move(word)));
                         }));
  }
  return settle(exchange, std::move(error));
}

// Whether a token may have been revoked elsewhere, and it would not be known here.
bool is_blind(Exchange& exchange) {
  const store::SharedStore* shared = exchange.services().shared;
  if (shared == nullptr) return false;
  const policy::Route* route = exchange.route();
  if (route != nullptr && route->max_revocation_lag)
    return shared->revocation_lag() > *route->max_revocation_lag;
  const Snapshot& snapshot = exchange.snapshot();
  return !serves_on_failure(exchange).value_or(snapshot.serves_without_store) &&
         shared->revocation_lag() > snapshot.max_revocation_lag;
}

}  // namespace

Verdict verify_token(Exchange& exchange) {
  const policy::Route* const route = exchange.route();
  if (Observer* observer = exchange.services().observer)
    if (auto presumed = observer->presumed_identity()) {
      if (route == nullptr || route->auth != policy::Auth::none) exchange.become(std::move(presumed));
      return Verdict::proceed;
    }
  if (exchange.credential_source() == CredentialSource::none) {
    if (route != nullptr && route->anonymous) exchange.become(exchange.world().anonymous(*route));
    return Verdict::proceed;
  }
  // A route that is open to all does not ask who it is.
  if (route != nullptr && route->auth == policy::Auth::none) return Verdict::proceed;
  if (is_for_api_keys(exchange)) return Verdict::proceed;
  auto identity = exchange.world().verifier.verify(exchange.token(), exchange.services().loop.wall());
  if (!identity) {
    const Remedy remedy = exchange.world().verifier.remedy();
    if (remedy.kind == Remedy::Kind::introspection)
      return ask_issuers(exchange, 0, std::move(identity.error()));
    if (remedy.kind == Remedy::Kind::newer_keys)
      if (const auto verdict = wait_for_keys(exchange, remedy)) return *verdict;
  }
  return settle(exchange, std::move(identity));
}

Verdict check_revocation(Exchange& exchange) {
  const auth::Identity* identity = exchange.identity();
  if (identity != nullptr && !identity->issuer_name.empty() && is_blind(exchange)) {
    exchange.reject_token({Fault::store_unavailable, "nobody knows what has been revoked lately"});
    return Verdict::proceed;
  }
  if (identity != nullptr && exchange.services().revocations.is_revoked(*identity)) {
    exchange.world().verifier.forget(exchange.token());
    exchange.reject_token(Fault::token_revoked);
  }
  return Verdict::proceed;
}

Verdict demand_identity(Exchange& exchange) {
  const policy::Caller caller = exchange.caller();
  if (caller.fault()) return exchange.refuse(*caller.fault());
  if (caller.identity() == nullptr) return exchange.refuse(Fault::token_missing);
  return Verdict::proceed;
}

}  // namespace gw::exchange
