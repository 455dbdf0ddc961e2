// SPDX-License-Identifier: Apache-2.0
#include "jose/jws.h"

#include <openssl/rsa.h>

#include "base/base64url.h"
#include "base/secret.h"
#include "jose/digest.h"
#include "jose/ecdsa_form.h"
#include "jose/evp.h"

namespace gw::jose {
namespace {

enum class Family : std::uint8_t { hmac, rsa, rsa_pss, ecdsa, eddsa };

Family family_of(Algorithm algorithm) {
  if (is_symmetric(algorithm)) return Family::hmac;
  if (algorithm <= Algorithm::rs512) return Family::rsa;
  if (algorithm <= Algorithm::ps512) return Family::rsa_pss;
  return algorithm <= Algorithm::es512 ? Family::ecdsa : Family::eddsa;
}

std::size_t coordinate_of(Algorithm algorithm) {
  if (algorithm == Algorithm::es256) return 32;
  return algorithm == Algorithm::es384 ? 48 : 66;
}

const EVP_MD* evp_hash_of(Algorithm algorithm) {
  switch (hash_of(algorithm)) {
    case Hash::sha256:
      return EVP_sha256();
    case Hash::sha384:
      return EVP_sha384();
    case Hash::sha512:
      break;
  }
  return EVP_sha512();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// RFC 7518 sections 3.3 and 3.5: PSS with MGF1 over the same hash and a salt as long as the hash.
bool set_scheme(EVP_PKEY_CTX* context, Algorithm algorithm) {
  const EVP_MD* hash = evp_hash_of(algorithm);
  if (EVP_PKEY_CTX_set_signature_md(context, hash) != 1) return false;
  if (family_of(algorithm) == Family::ecdsa) return true;
  if (family_of(algorithm) == Family::rsa)
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

// A context for many calls; null when the library refuses, and then nothing verifies.
EvpContextOwner make_context(EVP_PKEY* material, Algorithm algorithm, int (*init)(EVP_PKEY_CTX*)) {
  EvpContextOwner context(EVP_PKEY_CTX_new(material, nullptr));
  if (!context || init(context.get()) != 1 || !set_scheme(context.get(), algorithm)) return nullptr;
  return context;
}

// What signing and verifying have in common.
struct Mechanism {
  Mechanism(const Key& key, Algorithm wanted, int (*init)(EVP_PKEY_CTX*))
      : algorithm(wanted), family(family_of(wanted)), material(key.material()) {
    const CleanErrors clean;
    if (family == Family::hmac)
      hmac.emplace(hash_of(wanted), key.secret().reveal());
    else if (family == Family::eddsa)
      digest_context.reset(EVP_MD_CTX_new());
    else
      context = make_context(material.get(), wanted, init);
    if (material) signature_size = static_cast<std::size_t>(EVP_PKEY_get_size(material.get()));
  }

  Algorithm algorithm;
  Family family;
  EvpKey material;
  std::size_t signature_size = 0;
  std::optional<Hmac> hmac;
  EvpContextOwner context;               // RSA and ECDSA: works on digests
  EvpDigestContextOwner digest_context;  // EdDSA: works on the text
};

bool verify_eddsa(Mechanism& mechanism, std::string_view input, std::string_view signature) {
  EVP_MD_CTX* context = mechanism.digest_context.get();
  EVP_MD_CTX_reset(context);
  return EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, mechanism.material.get()) == 1 &&
         EVP_DigestVerify(context, bytes_of(signature), signature.size(), bytes_of(input), input.size()) == 1;
}

bool verify_digest(Mechanism& mechanism, std::string_view input, std::string_view signature) {
  if (!mechanism.context) return false;
  const Digest hashed = digest(hash_of(mechanism.algorithm), input);
  return EVP_PKEY_verify(mechanism.context.get(), bytes_of(signature), signature.size(), hashed.bytes.data(),
                         hashed.size) == 1;
}

std::optional<std::string> sign_eddsa(Mechanism& mechanism, std::string_view input) {
  EVP_MD_CTX* context = mechanism.digest_context.get();
  EVP_MD_CTX_reset(context);
  std::string signature(mechanism.signature_size, '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context, nullptr, nullptr, nullptr, mechanism.material.get()) != 1)
    return std::nullopt;
  if (EVP_DigestSign(context, bytes_of(signature), &size, bytes_of(input), input.size()) != 1)
    return std::nullopt;
  signature.resize(size);
  return signature;
}

std::optional<std::string> sign_digest(Mechanism& mechanism, std::string_view input) {
  if (!mechanism.context) return std::nullopt;
  const Digest hashed = digest(hash_of(mechanism.algorithm), input);
  std::string signature(mechanism.signature_size, '\0');
  std::size_t size = signature.size();
  if (EVP_PKEY_sign(mechanism.context.get(), bytes_of(signature), &size, hashed.bytes.data(), hashed.size) !=
      1)
    return std::nullopt;
  signature.resize(size);
  if (mechanism.family != Family::ecdsa) return signature;
  return ecdsa_raw_from_der(signature, coordinate_of(mechanism.algorithm));
}

}  // namespace

struct Verifier::State : Mechanism {
  using Mechanism::Mechanism;
};

Verifier::Verifier(const Key& key, Algorithm algorithm)
    : state_(std::make_unique<State>(key, algorithm, EVP_PKEY_verify_init)) {}
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;
Verifier::~Verifier() = default;

bool Verifier::verify(std::string_view input, std::string_view signature) {
  State& state = *state_;
  if (state.family == Family::hmac)
    return equal_in_constant_time(state.hmac->compute(input).view(), signature);
  const CleanErrors clean;
  if (state.family == Family::ecdsa) {
    const auto der = ecdsa_der_from_raw(signature, coordinate_of(state.algorithm));
    return der && verify_digest(state, input, {reinterpret_cast<const char*>(der->bytes.data()), der->size});
  }
  // The library would take some signatures with zeros before or after them.
  if (signature.size() != state.signature_size) return false;
  return state.family == Family::eddsa ? verify_eddsa(state, input, signature)
                                       : verify_digest(state, input, signature);
}

struct Signer::State : Mechanism {
  using Mechanism::Mechanism;
};

Signer::Signer(const Key& key, Algorithm algorithm)
    : state_(std::make_unique<State>(key, algorithm, EVP_PKEY_sign_init)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

std::optional<std::string> Signer::sign(std::string_view input) {
  State& state = *state_;
  if (state.family == Family::hmac) return std::string(state.hmac->compute(input).view());
  const CleanErrors clean;
  return state.family == Family::eddsa ? sign_eddsa(state, input) : sign_digest(state, input);
}

std::optional<std::string> Signer::sign_compact(std::string_view header, std::string_view payload) {
  std::string token = base64url_encode(header);
  token += '.';
  token += base64url_encode(payload);
  const auto signature = sign(token);
  if (!signature) return std::nullopt;
  token += '.';
  token += base64url_encode(*signature);
  return token;
}

}  // namespace gw::jose
