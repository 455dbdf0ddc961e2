// SPDX-License-Identifier: Apache-2.0
// An answer to token introspection (RFC 7662 section 2.2) as facts of a token, or the fault that it has.
// What does not say clearly that the token is an active access token of this issuer is refused.
#pragma once

#include <string_view>

#include "auth/identity.h"
#include "auth/issuer.h"
#include "base/result.h"

namespace gw::auth {

struct Introspected {
  IdentityRef identity;
  WallSeconds valid_from = 0;
  WallSeconds valid_until = 0;  // exclusive; leeway included
};

// token_revoked: not active. Another fault of the token: it is not one that is taken here.
// backend_unavailable: the answer cannot be understood. REQUIRES: the issuer introspects.
Result<Introspected> read_introspection(std::string_view text, const Issuer& issuer, WallSeconds now);

// RFC 6750 section 2.1, and not too long: worth asking about.
bool is_opaque_token(std::string_view text);

}  // namespace gw::auth
