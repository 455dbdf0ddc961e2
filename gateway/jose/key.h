// SPDX-License-Identifier: Apache-2.0
// A key and the algorithms that it may be used with: an algorithm belongs to the key, never to the token.
// What is too weak or not what it says cannot become a Key. Immutable; copies share the material.
// THREAD: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "jose/algorithm.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace gw::jose {

enum class KeyKind : std::uint8_t { oct, rsa, p256, p384, p521, ed25519, ed448 };

using EvpKey = std::shared_ptr<evp_pkey_st>;

class Key {
 public:
  // `wanted` is cut down to what the key can do: HS* with a secret at least as long as the hash (RFC 7518
  // section 3.2), RS*/PS* with RSA of 2048 bits and an odd exponent from 3, the one ES* of the curve, EdDSA.
  // The error says why nothing is left.
  static Result<Key, std::string> from_secret(SecretString secret, AlgorithmSet wanted, std::string kid = {});
  static Result<Key, std::string> from_evp(EvpKey material, AlgorithmSet wanted, std::string kid = {});
  // A new random private key (RSA: 2048 bits) or secret.
  static Result<Key, std::string> generate(Algorithm algorithm);

  KeyKind kind() const { return kind_; }
  const std::string& kid() const { return kid_; }
  AlgorithmSet algorithms() const { return algorithms_; }  // never empty
  bool can_sign() const { return can_sign_; }
  bool is_symmetric() const { return kind_ == KeyKind::oct; }
  const EvpKey& material() const { return material_; }    // null for a secret
  const SecretString& secret() const { return secret_; }  // empty unless a secret

  // The same name, algorithms and public key (or secret).
  bool is_same_as(const Key& other) const;

  void rename(std::string kid) { kid_ = std::move(kid); }

 private:
  Key() = default;

  KeyKind kind_ = KeyKind::oct;
  bool can_sign_ = false;
  AlgorithmSet algorithms_;
  std::string kid_;
  EvpKey material_;
  SecretString secret_;
};

// What a key file or a JWK set gave. A warning names what was left out, and why.
struct KeySet {
  std::vector<Key> keys;
  std::vector<std::string> warnings;
};

}  // namespace gw::jose
