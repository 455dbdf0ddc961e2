// SPDX-License-Identifier: Apache-2.0
// Sessions above the store: login opens one, refresh carries it on, logout ends it. Errors are what the
// client is to hear: token_malformed (no such refresh token), token_expired, token_revoked (also when it was
// used again, which ends the session), store_unavailable, overloaded. THREAD: one worker's loop; answers come
// there, later, while the Operation lives.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "auth/credential_backend.h"
#include "auth/identity.h"
#include "auth/pending.h"
#include "auth/refresh_token.h"
#include "jose/options.h"
#include "net/event_loop.h"
#include "store/store.h"

namespace gw::auth {

struct Session {
  store::Family family;  // its `id` is the `sid` of access tokens, its `subject` their `sub`
  RefreshToken refresh_token;
};

// What a client brings to be logged out.
struct Logout {
  IdentityRef identity;  // of a verified access token; may be none
  std::optional<RefreshToken> refresh_token;
};

// Who opened a session, for its owner to know it by.
struct SessionOrigin {
  std::string address;
  std::string client;
  std::string bound_key{}, bound_certificate{};  // as in Confirmation, of its tokens
};

// Every session and token of an account until now: its password was changed, or it was disabled.
store::Revocation revocation_of_account(std::string subject, std::string issuer, WallSeconds now);

class SessionService {
 public:
  SessionService(net::EventLoop& loop, store::Store& store, const RefreshKey& key,
                 const jose::TokenOptions& options);

  net::Operation open(const Account& account, std::string backend, std::string scope, SessionOrigin origin,
                      WallSeconds now, store::Done<Session> done);
  // Whose session a refresh token carries on. Uses nothing up: the account is looked at before refresh().
  net::Operation find(const RefreshToken& token, WallSeconds now, store::Done<store::Family> done);
  net::Operation refresh(const RefreshToken& token, WallSeconds now, store::Done<Session> done);
  // Tells whether there was anything to end: a forged refresh token ends nothing.
  net::Operation end(Logout logout, WallSeconds now, store::Done<bool> done);
  net::Operation end_session(std::string session_id, WallSeconds now, store::Done<std::monostate> done);
  // Those of an account that live.
  net::Operation list(std::string subject, WallSeconds now, store::Done<std::vector<store::Family>> done);
  // All of an account but the one that is kept; the rest of them at once.
  net::Operation end_others(std::string subject, std::string kept_id, WallSeconds now,
                            store::Done<bool> done);
  // Every session and access token that the account has had until now, as after a change of its password.
  net::Operation end_all(std::string subject, WallSeconds now, store::Done<std::monostate> done);

 private:
  using Revocations = std::vector<store::Revocation>;

  WallSeconds access_until(WallSeconds now) const;
  store::Revocation revocation_of_session(std::string session_id, WallSeconds now) const;
  // Records them one after the other, then finishes.
  void end_each(Pending<bool>::Id id, Revocations revocations);

  net::EventLoop& loop_;
  store::Store& store_;
  const RefreshKey& key_;
  const std::string issuer_;
  const WallSeconds refresh_ttl_;
  const WallSeconds access_ttl_;
  const Duration refresh_grace_;
  Pending<bool> logouts_;
};

}  // namespace gw::auth
