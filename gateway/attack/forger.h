// SPDX-License-Identifier: Apache-2.0
// Tokens that no gateway should take. A recipe of attacks.json is a map: `header` and `claims` are laid over
// those of a good token (null removes; {"now": N} is a time, {"null": true} a null), `sign` says what stands
// where the signature should ("key" by default), `wrap` puts the token into other text.
#pragma once

#include <optional>
#include <string>

#include "auth/key_store.h"
#include "base/json.h"
#include "jose/key.h"

namespace gw::attack {

// What a good token would be like.
struct Pattern {
  std::string issuer;
  json::Value audience;
  json::Array roles;  // that the route aimed at wants, and its scopes
  std::string scopes;
  json::Object demanded;  // claims
  std::string jwk;        // the gateway's public key, as it publishes it; empty: none
  std::string jwks;       // the whole set
};

class Forger {
 public:
  // `signing` is the gateway's own key, null when it is not ours to use: then "key" means another one.
  Forger(Pattern pattern, const auth::SigningKey* signing);

  bool has_key() const { return has_key_; }
  // A token that the gateway would take, when has_key().
  std::string make_good();
  std::string forge(const json::Value& recipe);

 private:
  json::Value header() const;
  json::Value claims() const;
  std::string sign(const std::string& how, json::Value header, const json::Value& claims);
  std::string sign_hmac(const std::string& input, const std::string& algorithm,
                        const std::string& secret) const;

  const Pattern pattern_;
  const bool has_key_;
  std::string algorithm_;
  std::string kid_;
  jose::Key key_;  // the gateway's, or one of ours
  jose::Key own_;
  jose::Algorithm own_algorithm_ = jose::Algorithm::es256;
};

}  // namespace gw::attack
