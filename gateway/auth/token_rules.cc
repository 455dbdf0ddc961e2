// SPDX-License-Identifier: Apache-2.0
#include "auth/token_rules.h"

#include <algorithm>

namespace gw::auth {

Validity validity_of(const Issuer& issuer, const jose::Claims& claims) {
  Validity validity{
      .from = std::max(claims.not_before.value_or(0), claims.issued_at.value_or(0)) - issuer.leeway,
      .until = claims.expires_at + issuer.leeway};
  if (issuer.max_age && claims.issued_at)
    validity.until = std::min(validity.until, *claims.issued_at + *issuer.max_age + issuer.leeway);
  return validity;
}

Status check_type(const Issuer& issuer, const jose::Header& header) {
  if (issuer.require_type.empty() || header.type == issuer.require_type) return {};
  return Error(Fault::token_type, "the header's `typ` is not the one that the issuer's tokens must have");
}

Status check_age(const Issuer& issuer, const jose::Claims& claims) {
  if (!issuer.max_age || claims.issued_at) return {};
  return Error(Fault::token_expired, "the token has no `iat`, which the greatest age is counted from");
}

Status check_times(Validity validity, WallSeconds now) {
  if (now >= validity.until)
    return Error(Fault::token_expired, "`exp`, or `iat` and the greatest age, has passed");
  if (now < validity.from) return Error(Fault::token_not_yet_valid, "`nbf` or `iat` is in the future");
  return {};
}

Status check_audience(const Issuer& issuer, const jose::Claims& claims) {
  if (issuer.any_audience || claims.is_meant_for(issuer.audiences)) return {};
  return Error(Fault::token_audience, "`aud` names none of the issuer's audiences");
}

}  // namespace gw::auth
