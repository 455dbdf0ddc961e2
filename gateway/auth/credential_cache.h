// SPDX-License-Identifier: Apache-2.0
// Whom credentials that cost much to check stood for a moment ago: Basic passwords and API keys. Bounded in
// number and in time; what is kept of a credential is an HMAC under a key that only this cache has. Failures
// are not kept. THREAD: one worker's.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/identity.h"
#include "base/clock.h"
#include "jose/digest.h"

namespace gw::auth {

// No issuer: revocations of a subject under this name end what is remembered of that account's password, and
// neither sessions nor tokens.
inline constexpr std::string_view kBasicIssuer = "basic:";
// How long after its revocation, or a change of the password elsewhere, a credential may still be taken.
inline constexpr WallSeconds kKeyMemory = 10;
inline constexpr WallSeconds kBasicMemory = 60;

class CredentialCache {
 public:
  static constexpr std::size_t kEntries = 1024;

  CredentialCache();
  // Null when it is not known, or not any more.
  IdentityRef find(std::string_view credential, WallSeconds now);
  void add(std::string_view credential, IdentityRef identity, WallSeconds until, WallSeconds now);

 private:
  struct Entry {
    IdentityRef identity;
    WallSeconds until = 0;
  };

  const jose::Hmac key_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace gw::auth
