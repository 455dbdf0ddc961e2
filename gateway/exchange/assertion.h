// SPDX-License-Identifier: Apache-2.0
// The assertion that an upstream may verify by itself: a short JWT, signed with the gateway's key, that says
// who calls, and is good for one upstream, method and path (`aud`, `htm`, `htu`). What was signed lately is
// kept and used again for the first half of its life, within a bounded memory. THREAD: one worker's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "auth/key_store.h"
#include "base/clock.h"
#include "base/result.h"
#include "policy/identity_headers.h"

namespace gw::exchange {

inline constexpr std::string_view kAssertionType = "assertion+jwt";  // is no access token anywhere

// What an assertion is good for.
struct AssertionUse {
  std::string_view audience;  // the upstream's name
  std::string_view method;
  std::string_view path;  // as the upstream gets it, without the query
};

class AssertionMinter {
 public:
  AssertionMinter(const auth::SigningKey& key, std::string issuer);

  // From now on with this key; what was signed with the one before is used up.
  void use_key(const auth::SigningKey& key) { signer_ = auth::TokenSigner(key); }

  // REQUIRES: options.assertion(). Valid until the next call.
  Result<std::string_view> mint(const auth::IdentityRef& identity, const policy::IdentityHeaders& options,
                                const AssertionUse& use, WallSeconds now);

 private:
  static constexpr std::size_t kSlots = 512;
  struct Slot {
    auth::IdentityRef identity;  // held, so that its address stays its own
    const policy::IdentityHeaders* options = nullptr;
    std::string audience, method, path, token;
    WallSeconds renew_at = 0;
  };
  Slot& slot_of(const auth::Identity& identity, const AssertionUse& use);

  auth::TokenSigner signer_;
  std::string issuer_;
  std::vector<Slot> slots_;
};

}  // namespace gw::exchange
