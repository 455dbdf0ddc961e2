// SPDX-License-Identifier: Apache-2.0
#include "auth/backend_set.h"

#include <utility>

namespace gw::auth {

Result<BackendAccount, BackendFault> BackendSet::verify(std::string_view username,
                                                        const SecretString& password) const {
  CredentialBackend* present = nullptr;  // to spend the time of a password on
  bool one_is_away = false;
  for (const auto& backend : backends_) {
    const auto known = backend->find(username);
    auto fault = known ? BackendFault::unknown_user : known.error();
    if (known) {
      auto verified = backend->verify(username, password);
      if (verified) return BackendAccount{backend->name(), std::move(*verified)};
      fault = verified.error();
      // Removed in between: a wrong password was checked for them all the same.
      if (fault == BackendFault::unknown_user) return BackendFault::wrong_password;
    }
    if (fault == BackendFault::unavailable && backend->asks_next_when_away()) {
      one_is_away = true;
      continue;
    }
    if (fault != BackendFault::unknown_user) return fault;
    if (present == nullptr) present = backend.get();
  }
  if (one_is_away) return BackendFault::unavailable;
  if (present == nullptr) return BackendFault::unknown_user;

  // Nobody's user: the first backend says so again, this time as slowly as it refuses a wrong password.
  auto verified = present->verify(username, password);
  if (!verified) return verified.error();
  return BackendAccount{present->name(), std::move(*verified)};
}

Result<BackendAccount, BackendFault> BackendSet::find(std::string_view username) const {
  bool one_is_away = false;
  for (const auto& backend : backends_) {
    auto known = backend->find(username);
    if (known) return BackendAccount{backend->name(), std::move(*known)};
    if (known.error() == BackendFault::unavailable && backend->asks_next_when_away())
      one_is_away = true;
    else if (known.error() != BackendFault::unknown_user)
      return known.error();
  }
  return one_is_away ? BackendFault::unavailable : BackendFault::unknown_user;
}

Result<Account, BackendFault> BackendSet::find_subject(std::string_view backend,
                                                       std::string_view subject) const {
  for (const auto& candidate : backends_) {
    if (candidate->name() == backend) return candidate->find_subject(subject);
  }
  return BackendFault::unknown_user;
}

CredentialBackend* BackendSet::find_backend(std::string_view name) const {
  for (const auto& backend : backends_) {
    if (backend->name() == name) return backend.get();
  }
  return nullptr;
}

CredentialBackend* BackendSet::find_writable() const {
  for (const auto& backend : backends_) {
    if (backend->can_write()) return backend.get();
  }
  return nullptr;
}

}  // namespace gw::auth
