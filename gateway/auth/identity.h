// SPDX-License-Identifier: Apache-2.0
// Who is calling: the facts of one verified token. Facts only; what they allow is policy's to say.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_outline.h"
#include "base/local_ref.h"
#include "jose/claims.h"
#include "jose/options.h"

namespace gw::auth {

// What the bearer must show beside the token (RFC 7800): the proof of a key (RFC 9449), a certificate
// (RFC 8705), or both. Views into the claims.
struct Confirmation {
  std::string_view key;          // `jkt`, the key's thumbprint; empty: none is demanded
  std::string_view certificate;  // `x5t#S256`, base64url of the certificate's SHA-256
  bool is_unknown = false;       // it demands something that is not known here

  bool empty() const { return key.empty() && certificate.empty() && !is_unknown; }
};
Confirmation read_confirmation(const json::Value& claims);

// Small, as there is one for each token of the cache: it holds the text of the claims, and the facts are
// views into that.
class Identity : public LocalCounted<Identity> {
 public:
  std::string_view issuer_name;  // "self", or the key in `issuers:`
  std::string_view issuer;       // `iss`
  std::string_view subject;      // `sub`
  std::string_view session_id;   // `sid`; may be empty
  std::string_view token_id;     // `jti`; may be empty
  WallSeconds expires_at = 0;
  WallSeconds issued_at = 0;   // 0 without `iat`
  WallSeconds not_before = 0;  // 0 without `nbf`
  Confirmation confirmation;
  std::vector<std::string_view> scopes;
  std::vector<std::string_view> roles;

  // All of the token's, and the renamed ones beside them. Made of the text when first asked for.
  const json::Value& claims() const;
  // A claim by name, or by a dotted path when no claim has the whole name; null when missing.
  const json::Value* find_claim(std::string_view name) const;
  // The same of a claim that is a string, and far cheaper. Nothing: find_claim() knows.
  std::optional<std::string_view> find_text(std::string_view name) const;

  // Copies the payload, and every view above with it. Afterwards the claims are the payload's.
  void hold(const json::Outline& payload);
  // The claims are these.
  void hold(json::Value claims);

  // What a later step has made of these facts, kept as long as they are. Not part of them.
  class Derived {
   public:
    virtual ~Derived() = default;
  };
  void derive(std::unique_ptr<Derived>& place, std::unique_ptr<Derived> made, std::size_t bytes) const;
  mutable std::unique_ptr<Derived> derived;

  // Of memory, with all that it holds.
  std::size_t bytes() const { return bytes_; }
  // What it grows by from now on is added to the account; null: to none.
  void charge_to(std::size_t* account) const { account_ = account; }

 private:
  template <class Take>
  void for_each_view(Take take);
  void grow(std::size_t bytes) const;

  std::unique_ptr<char[]> held_;
  json::Outline outline_;  // of the text in held_; without members when there is none
  mutable std::unique_ptr<const json::Value> claims_;
  mutable std::size_t bytes_ = sizeof(Identity);
  mutable std::size_t* account_ = nullptr;
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

// The facts of a payload that has been verified. `claims` are views into it.
// Null when they are not simple enough to be had from an outline.
IdentityRef make_identity(std::string_view issuer_name, const jose::Claims& claims,
                          const json::Outline& payload);
IdentityRef make_identity(std::string_view issuer_name, const jose::Claims& claims, json::Value payload,
                          const jose::ClaimNames& names, std::string_view subject_pattern = {});

}  // namespace gw::auth
