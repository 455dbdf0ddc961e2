// SPDX-License-Identifier: Apache-2.0
// What an issuer's tokens must meet beside being genuine, whether their claims came in a JWT or in an answer
// to introspection. The error's detail is a constant sentence.
#pragma once

#include "auth/issuer.h"
#include "base/clock.h"
#include "base/result.h"
#include "jose/claims.h"
#include "jose/token.h"

namespace gw::auth {

// When a token is good, the issuer's leeway included; `until` is exclusive.
struct Validity {
  WallSeconds from;
  WallSeconds until;
};
// Without `iat`, the greatest age limits nothing: check_age() refuses that.
Validity validity_of(const Issuer& issuer, const jose::Claims& claims);

Status check_type(const Issuer& issuer, const jose::Header& header);
Status check_age(const Issuer& issuer, const jose::Claims& claims);
Status check_times(Validity validity, WallSeconds now);
Status check_audience(const Issuer& issuer, const jose::Claims& claims);

}  // namespace gw::auth
