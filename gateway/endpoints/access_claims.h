// SPDX-License-Identifier: Apache-2.0
// What stands in the access tokens that this gateway issues (RFC 9068 section 2.2).
#pragma once

#include <string>
#include <string_view>

#include "auth/credential_backend.h"
#include "base/clock.h"
#include "base/json.h"
#include "jose/options.h"

namespace gw::endpoints {

struct TokenFacts {
  std::string_view subject;
  std::string_view session_id;
  std::string_view token_id;
  WallSeconds issued_at = 0;
  WallSeconds lifetime = 0;
};

WallSeconds access_lifetime(const jose::TokenOptions& options);  // seconds

// iss aud sub exp iat nbf jti sid.
json::Value make_standard_claims(const jose::TokenOptions& options, const TokenFacts& facts);
// Whether only the gateway may say a claim of that name.
bool is_standard_claim(std::string_view name);
// Those, and `cnf`: what is said there has been shown, and no account or API key can say so.
bool is_reserved_claim(std::string_view name);

// Puts what `tokens.claims` names of the account beside the standard claims. What the account has not, or has
// empty, gives no claim; a standard claim is never replaced.
void add_account_claims(json::Value& claims, const jose::TokenOptions& options, const auth::Account& account);

// The `scope` claim as a token answer tells it; empty without one.
std::string scope_text(const json::Value& claims);

}  // namespace gw::endpoints
