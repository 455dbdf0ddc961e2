// SPDX-License-Identifier: Apache-2.0
#include "auth/session_service.h"

#include <algorithm>
#include <utility>

#include "auth/issuer.h"
#include "auth/random_id.h"

namespace gw::auth {
namespace {

using store::RevokedKind;
using store::RotateOutcome;

// How long a revocation is remembered at least: a reload may have shortened the life of access tokens while
// longer ones are about.
constexpr WallSeconds kLeastMemory = 60 * 60;

WallSeconds seconds_of(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

Status judge(const store::Rotation& rotation) {
  switch (rotation.outcome) {
    case RotateOutcome::rotated:
    case RotateOutcome::repeated:
      return {};
    case RotateOutcome::reused:
      return Error(Fault::token_revoked, "a refresh token was used again: session " + rotation.family.id +
                                             " of " + rotation.family.subject + " has been ended");
    case RotateOutcome::revoked:
      return Error(Fault::token_revoked, "the session has been revoked");
    case RotateOutcome::expired:
      return Error(Fault::token_expired, "the session has expired");
    case RotateOutcome::unknown:
      break;
  }
  return Error(Fault::token_malformed, "no such refresh token");
}

// What an access token can be revoked by. The `sid` of another issuer names no session of ours.
std::optional<store::Revocation> revocation_of(const Identity& identity, WallSeconds now, WallSeconds until) {
  const bool own = identity.issuer_name == kSelfIssuer;
  until = std::max(until, identity.expires_at);
  if (own && !identity.session_id.empty())
    return store::Revocation{RevokedKind::session, std::string(identity.session_id), now, until,
                             std::string(identity.issuer)};
  if (identity.token_id.empty()) return std::nullopt;
  return store::Revocation{
      RevokedKind::token, std::string(identity.token_id), now, until, std::string(identity.issuer), own};
}

}  // namespace

store::Revocation revocation_of_account(std::string subject, std::string issuer, WallSeconds now) {
  return {RevokedKind::subject, std::move(subject), now, now + store::kLongestMemory, std::move(issuer)};
}

SessionService::SessionService(net::EventLoop& loop, store::Store& store, const RefreshKey& key,
                               const jose::TokenOptions& options)
    : loop_(loop),
      store_(store),
      key_(key),
      issuer_(options.issuer),
      refresh_ttl_(seconds_of(options.refresh_ttl)),
      access_ttl_(seconds_of(options.access_ttl)),
      refresh_grace_(options.refresh_grace) {}

net::Operation SessionService::open(const Account& account, std::string backend, std::string scope,
                                    SessionOrigin origin, WallSeconds now, store::Done<Session> done) {
  Session session{{make_random_id(), account.subject, std::move(backend), std::move(scope), now,
                   now + refresh_ttl_, std::move(origin.address), std::move(origin.client), 0,
                   std::move(origin.bound_key), std::move(origin.bound_certificate)},
                  RefreshToken::make()};
  store::Family family = session.family;
  std::string hash = session.refresh_token.hash();
  return store_.open_family(
      loop_, std::move(family), std::move(hash), now,
      [session = std::move(session), done = std::move(done)](Result<std::monostate> opened) mutable {
        if (!opened) return done(std::move(opened.error()));
        done(std::move(session));
      });
}

net::Operation SessionService::find(const RefreshToken& token, WallSeconds now,
                                    store::Done<store::Family> done) {
  return store_.find_family(loop_, token.hash(), now,
                            [done = std::move(done)](Result<store::Rotation> found) mutable {
                              if (!found) return done(std::move(found.error()));
                              if (Status good = judge(*found); !good) return done(std::move(good.error()));
                              done(std::move(found->family));
                            });
}

net::Operation SessionService::refresh(const RefreshToken& token, WallSeconds now,
                                       store::Done<Session> done) {
  RefreshToken successor = key_.successor_of(token);
  store::Presented presented{token.hash(), successor.hash(), refresh_grace_, access_until(now)};
  return store_.rotate(
      loop_, std::move(presented), now,
      [successor = std::move(successor), done = std::move(done)](Result<store::Rotation> rotation) mutable {
        if (!rotation) return done(std::move(rotation.error()));
        if (Status good = judge(*rotation); !good) return done(std::move(good.error()));
        done(Session{std::move(rotation->family), std::move(successor)});
      });
}

net::Operation SessionService::end(Logout logout, WallSeconds now, store::Done<bool> done) {
  const auto id = logouts_.begin(std::move(done));
  Revocations revocations;
  if (logout.identity) {
    if (auto revocation = revocation_of(*logout.identity, now, access_until(now)))
      revocations.push_back(std::move(*revocation));
  }
  // Also without a refresh token the answer comes later, by way of the store.
  const std::string hash = logout.refresh_token ? logout.refresh_token->hash() : std::string();
  logouts_.wait_for(
      id, store_.find_family(
              loop_, hash, now,
              [this, id, now, revocations = std::move(revocations)](Result<store::Rotation> found) mutable {
                if (!found) return logouts_.finish(id, std::move(found.error()));
                if (found->outcome != RotateOutcome::unknown)
                  revocations.push_back(revocation_of_session(std::move(found->family.id), now));
                end_each(id, std::move(revocations));
              }));
  return logouts_.operation_of(id);
}

net::Operation SessionService::end_session(std::string session_id, WallSeconds now,
                                           store::Done<std::monostate> done) {
  return store_.revoke(loop_, revocation_of_session(std::move(session_id), now), std::move(done));
}

net::Operation SessionService::list(std::string subject, WallSeconds now,
                                    store::Done<std::vector<store::Family>> done) {
  return store_.list_families(loop_, std::move(subject), now, std::move(done));
}

net::Operation SessionService::end_others(std::string subject, std::string kept_id, WallSeconds now,
                                          store::Done<bool> done) {
  const auto id = logouts_.begin(std::move(done));
  auto listed = [this, id, now, kept_id = std::move(kept_id)](Result<std::vector<store::Family>> families) {
    if (!families) return logouts_.finish(id, std::move(families.error()));
    Revocations revocations;
    for (store::Family& family : *families)
      if (family.id != kept_id) revocations.push_back(revocation_of_session(std::move(family.id), now));
    end_each(id, std::move(revocations));
  };
  logouts_.wait_for(id, store_.list_families(loop_, std::move(subject), now, std::move(listed)));
  return logouts_.operation_of(id);
}

net::Operation SessionService::end_all(std::string subject, WallSeconds now,
                                       store::Done<std::monostate> done) {
  return store_.revoke(loop_, revocation_of_account(std::move(subject), issuer_, now), std::move(done));
}

WallSeconds SessionService::access_until(WallSeconds now) const {
  return now + std::max(access_ttl_, kLeastMemory);
}

store::Revocation SessionService::revocation_of_session(std::string session_id, WallSeconds now) const {
  return {RevokedKind::session, std::move(session_id), now, access_until(now), issuer_};
}

void SessionService::end_each(Pending<bool>::Id id, Revocations revocations) {
  if (revocations.empty()) return logouts_.finish(id, false);
  store::Revocation next = std::move(revocations.back());
  revocations.pop_back();
  auto after = [this, id, rest = std::move(revocations)](Result<std::monostate> ended) mutable {
    if (!ended) return logouts_.finish(id, std::move(ended.error()));
    if (rest.empty()) return logouts_.finish(id, true);
    end_each(id, std::move(rest));
  };
  logouts_.wait_for(id, store_.revoke(loop_, std::move(next), std::move(after)));
}

}  // namespace gw::auth
