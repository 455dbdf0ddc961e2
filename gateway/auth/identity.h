// SPDX-License-Identifier: Apache-2.0
// Who is calling: the facts of one verified token. Facts only; what they allow is policy's to say.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/local_ref.h"
#include "jose/claims.h"
#include "jose/options.h"

namespace gw::auth {

// What the bearer must show beside the token (RFC 7800): the proof of a key (RFC 9449), a certificate
// (RFC 8705), or both.
struct Confirmation {
  std::string key;          // `jkt`, the key's thumbprint; empty: none is demanded
  std::string certificate;  // `x5t#S256`, base64url of the certificate's SHA-256
  bool is_unknown = false;  // it demands something that is not known here

  bool empty() const { return key.empty() && certificate.empty() && !is_unknown; }
};
Confirmation read_confirmation(const json::Value& claims);

struct Identity : LocalCounted<Identity> {
  std::string issuer_name;  // "self", or the key in `issuers:`
  std::string issuer;       // `iss`
  std::string subject;      // `sub`
  std::string session_id;   // `sid`; may be empty
  std::string token_id;     // `jti`; may be empty
  WallSeconds expires_at = 0;
  WallSeconds issued_at = 0;   // 0 without `iat`
  WallSeconds not_before = 0;  // 0 without `nbf`
  Confirmation confirmation;
  std::vector<std::string> scopes;
  std::vector<std::string> roles;
  json::Value claims;  // all of the token's, and the renamed ones beside them

  // What a later step has made of these facts, kept as long as they are. Not part of them.
  class Derived {
   public:
    virtual ~Derived() = default;
  };
  mutable std::unique_ptr<Derived> derived;

  // A claim by name, or by a dotted path when no claim has the whole name; null when missing.
  const json::Value* find_claim(std::string_view name) const;
};

using IdentityRef = LocalRef<const Identity>;

// A member by its whole name, else by a dotted path ("realm_access.roles"); null when missing.
const json::Value* find_by_path(const json::Value& object, std::string_view path);

// Puts each value under the name that this gateway uses. A name whose path is missing stands for nothing,
// also when the token has a claim of that name: it is not the one that the configuration trusts.
void rename_claims(json::Value& claims, const jose::ClaimNames& names);

// Makes `sub` one that no other issuer's can be: "{name}:{sub}" is "corp:alice". Without a `sub`, nothing.
void qualify_subject(json::Value& claims, std::string_view pattern, std::string_view issuer_name,
                     std::string_view issuer);

// The facts of a payload that has been verified. `claims` are views into `payload`.
IdentityRef make_identity(std::string_view issuer_name, const jose::Claims& claims, json::Value payload,
                          const jose::ClaimNames& names, std::string_view subject_pattern = {});

}  // namespace gw::auth
