// SPDX-License-Identifier: Apache-2.0
// The backends of `login.backends`, asked in order: the first that knows the user decides. One that cannot
// answer ends the search, because the user may be its own: a later backend must not decide in its place.
// Unless its section says so (`when_away: next`); then a user whom no other knows is not unknown, but
// unavailable. THREAD: any, several at once; every call blocks, so it runs on the blocking pool.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/credential_backend.h"

namespace gw::auth {

// An account and the backend it is of.
struct BackendAccount {
  std::string backend;
  Account account;
};

class BackendSet {
 public:
  explicit BackendSet(std::vector<std::shared_ptr<CredentialBackend>> backends)
      : backends_(std::move(backends)) {}

  bool empty() const { return backends_.empty(); }

  // Exactly one backend checks the password, also for a user whom none knows: an unknown user takes the time
  // of a wrong password.
  Result<BackendAccount, BackendFault> verify(std::string_view username, const SecretString& password) const;

  // Who would decide; checks no password. For the lockout, which counts by canonical account.
  Result<BackendAccount, BackendFault> find(std::string_view username) const;

  // Looks a user up again, as they were at login. A backend that is no longer in the set knows nobody.
  Result<Account, BackendFault> find_subject(std::string_view backend, std::string_view subject) const;

  // By its name; null when it is not in the set.
  CredentialBackend* find_backend(std::string_view name) const;

  // The first that can be written, for new accounts; null when none can.
  CredentialBackend* find_writable() const;

 private:
  std::vector<std::shared_ptr<CredentialBackend>> backends_;
};

}  // namespace gw::auth
