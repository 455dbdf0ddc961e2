// SPDX-License-Identifier: Apache-2.0
#include "jose/key.h"

#include <openssl/rand.h>

#include <optional>

#include "jose/digest.h"
#include "jose/evp.h"

namespace gw::jose {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 16384;  // verification with more would be an attack on this process

std::optional<KeyKind> kind_of_curve(EVP_PKEY* material) {
  char name[64];
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(material, name, sizeof name, &length) != 1) return std::nullopt;
  const std::string_view curve(name, length);
  if (curve == SN_X9_62_prime256v1 || curve == "P-256") return KeyKind::p256;
  if (curve == SN_secp384r1 || curve == "P-384") return KeyKind::p384;
  if (curve == SN_secp521r1 || curve == "P-521") return KeyKind::p521;
  return std::nullopt;
}

std::optional<KeyKind> kind_of(EVP_PKEY* material) {
  switch (EVP_PKEY_get_base_id(material)) {
    case EVP_PKEY_RSA:
      return KeyKind::rsa;
    case EVP_PKEY_EC:
      return kind_of_curve(material);
    case EVP_PKEY_ED25519:
      return KeyKind::ed25519;
    case EVP_PKEY_ED448:
      return KeyKind::ed448;
    default:
      return std::nullopt;
  }
}

AlgorithmSet algorithms_of(KeyKind kind) {
  using enum Algorithm;
  switch (kind) {
    case KeyKind::oct:
      return {hs256, hs384, hs512};
    case KeyKind::rsa:
      return {rs256, rs384, rs512, ps256, ps384, ps512};
    case KeyKind::p256:
      return {es256};
    case KeyKind::p384:
      return {es384};
    case KeyKind::p521:
      return {es512};
    case KeyKind::ed25519:
    case KeyKind::ed448:
      break;
  }
  return {eddsa};
}

BnOwner number(EVP_PKEY* material, const char* name) {
  BIGNUM* found = nullptr;
  EVP_PKEY_get_bn_param(material, name, &found);
  return BnOwner(found);
}

bool is_prime(BN_ULONG number) {
  for (BN_ULONG divisor = 3; divisor * divisor <= number; divisor += 2)
    if (number % divisor == 0) return false;
  return true;
}

// Keys of chips that can be factored (ROCA, CVE-2017-15361): modulo each small prime their primes are powers
// of 65537, and so is the product. Of other moduli one in 2^167 is.
bool can_be_factored(const BIGNUM* modulus) {
  constexpr BN_ULONG kGenerator = 65537, kLargest = 701;  // as those chips take it for 2048 bits
  for (BN_ULONG prime = 3; prime <= kLargest; prime += 2) {
    if (!is_prime(prime)) continue;
    const BN_ULONG rest = BN_mod_word(modulus, prime);
    BN_ULONG power = kGenerator % prime;
    while (power != rest && power != 1) power = power * kGenerator % prime;
    if (power != rest) return false;
  }
  return true;
}

// Empty when the key is sound.
std::string find_weakness(EVP_PKEY* material, KeyKind kind) {
  if (kind == KeyKind::rsa) {
    const int bits = EVP_PKEY_get_bits(material);
    if (bits < kMinRsaBits)
      return "an RSA key of " + std::to_string(bits) + " bits; at least 2048 are needed";
    if (bits > kMaxRsaBits) return "an RSA key of " + std::to_string(bits) + " bits; at most 16384 are taken";
    const BnOwner n = number(material, OSSL_PKEY_PARAM_RSA_N), e = number(material, OSSL_PKEY_PARAM_RSA_E);
    if (!n || !e || !BN_is_odd(n.get())) return "an RSA key whose modulus is even";
    if (!BN_is_odd(e.get()) || BN_is_one(e.get()) || BN_is_negative(e.get()) || BN_num_bits(e.get()) > 64)
      return "an RSA key whose exponent is not an odd number from 3 to 2^64";
    if (can_be_factored(n.get())) return "an RSA key of a chip whose keys can be factored (CVE-2017-15361)";
    return {};
  }
  const EvpContextOwner context(EVP_PKEY_CTX_new(material, nullptr));
  if (!context || EVP_PKEY_public_check(context.get()) != 1) return "a key whose point is not on its curve";
  return {};
}

bool has_private_part(EVP_PKEY* material, KeyKind kind) {
  if (kind == KeyKind::rsa) return number(material, OSSL_PKEY_PARAM_RSA_D) != nullptr;
  if (kind == KeyKind::ed25519 || kind == KeyKind::ed448) {
    std::size_t length = 0;
    return EVP_PKEY_get_raw_private_key(material, nullptr, &length) == 1 && length > 0;
  }
  return number(material, OSSL_PKEY_PARAM_PRIV_KEY) != nullptr;
}

EVP_PKEY* generate_material(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::es256:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    case Algorithm::es384:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
    case Algorithm::es512:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-521");
    case Algorithm::eddsa:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    default:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{kMinRsaBits});
  }
}

}  // namespace

Result<Key, std::string> Key::from_secret(SecretString secret, AlgorithmSet wanted, std::string kid) {
  Key key;
  const AlgorithmSet possible = wanted & algorithms_of(KeyKind::oct);
  for (const Algorithm algorithm : {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512})
    if (possible.contains(algorithm) && secret.size() >= size_of(hash_of(algorithm)))
      key.algorithms_.add(algorithm);
  if (possible.empty()) return std::string("a secret, but no HS* algorithm is wanted");
  if (key.algorithms_.empty())
    return "a secret of " + std::to_string(secret.size()) +
           " bytes, which is shorter than the hash of its algorithm";
  key.kid_ = std::move(kid);
  key.secret_ = std::move(secret);
  key.can_sign_ = true;
  return key;
}

Result<Key, std::string> Key::from_evp(EvpKey material, AlgorithmSet wanted, std::string kid) {
  const CleanErrors clean;
  const std::optional<KeyKind> kind = kind_of(material.get());
  if (!kind) return std::string("a key of a kind or on a curve that no algorithm here uses");
  Key key;
  key.algorithms_ = wanted & algorithms_of(*kind);
  if (key.algorithms_.empty()) return std::string("a key that fits none of the wanted algorithms");
  if (std::string weakness = find_weakness(material.get(), *kind); !weakness.empty()) return weakness;
  key.kind_ = *kind;
  key.kid_ = std::move(kid);
  key.can_sign_ = has_private_part(material.get(), *kind);
  key.material_ = std::move(material);
  return key;
}

bool Key::is_same_as(const Key& other) const {
  if (kind_ != other.kind_ || kid_ != other.kid_ || algorithms_ != other.algorithms_) return false;
  if (is_symmetric()) return secret_ == other.secret_;
  const CleanErrors clean;
  return EVP_PKEY_eq(material_.get(), other.material_.get()) == 1;
}

Result<Key, std::string> Key::generate(Algorithm algorithm) {
  const CleanErrors clean;
  if (jose::is_symmetric(algorithm)) {
    std::string bytes(size_of(hash_of(algorithm)), '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1)
      return std::string("the random generator gave no secret");
    return from_secret(SecretString(std::move(bytes)), {algorithm});
  }
  EvpKey material(generate_material(algorithm), EVP_PKEY_free);
  if (!material) return std::string("the library made no key");
  return from_evp(std::move(material), {algorithm});
}

}  // namespace gw::jose
