// SPDX-License-Identifier: Apache-2.0
#include "jose/jws.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "base/base64url.h"
#include "jose/digest.h"
#include "jose/ecdsa_form.h"
#include "jose/jwk.h"
#include "jose/token.h"
#include "unit/jose/rfc_vectors.h"

namespace gw::jose {
namespace {

constexpr Algorithm kRsaAlgorithms[] = {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512,
                                        Algorithm::ps256, Algorithm::ps384, Algorithm::ps512};

Key key_of(std::string_view jwk) {
  const auto document = json::parse(jwk);
  auto key = parse_jwk(*document, {.allow_symmetric = true, .read_private = true});
  if (!key) ADD_FAILURE() << key.error();
  return std::move(*key);
}

Algorithm algorithm_of(std::string_view compact) {
  return *parse_header(split_token(compact)->header)->algorithm;
}

class RfcExamples : public testing::TestWithParam<RfcVector> {};

TEST_P(RfcExamples, Verify) {
  const Key key = key_of(GetParam().jwk);
  const auto parts = split_token(GetParam().compact);
  Verifier verifier(key, algorithm_of(GetParam().compact));
  const std::string signature = *base64url_decode(parts->signature);
  for (int again = 0; again < 3; ++again) EXPECT_TRUE(verifier.verify(parts->signing_input, signature));
}

TEST_P(RfcExamples, DoNotVerifyWithAnyBitOfTheSignatureChanged) {
  const Key key = key_of(GetParam().jwk);
  const auto parts = split_token(GetParam().compact);
  Verifier verifier(key, algorithm_of(GetParam().compact));
  const std::string signature = *base64url_decode(parts->signature);
  for (std::size_t bit = 0; bit < signature.size() * 8; bit += 7) {
    std::string changed = signature;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verifier.verify(parts->signing_input, changed)) << "bit " << bit;
  }
  EXPECT_TRUE(verifier.verify(parts->signing_input, signature)) << "a good one after bad ones";
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_P(RfcExamples, DoNotVerifyWithASignatureOfAnotherLength) {
  const Key key = key_of(GetParam().jwk);
  const auto parts = split_token(GetParam().compact);
  Verifier verifier(key, algorithm_of(GetParam().compact));
  const std::string signature = *base64url_decode(parts->signature);
  const std::string zero(1, '\0');
  EXPECT_FALSE(verifier.verify(parts->signing_input, ""));
  EXPECT_FALSE(verifier.verify(parts->signing_input, signature.substr(1)));
  EXPECT_FALSE(verifier.verify(parts->signing_input, signature.substr(0, signature.size() - 1)));
  EXPECT_FALSE(verifier.verify(parts->signing_input, zero + signature));
  EXPECT_FALSE(verifier.verify(parts->signing_input, signature + zero));
  EXPECT_FALSE(verifier.verify(parts->signing_input, std::string(4096, 'x')));
}

TEST_P(RfcExamples, AreSignedAgainToTheSameBytesWhereTheSchemeIsDeterministic) {
  const Key key = key_of(GetParam().jwk);
  const Algorithm algorithm = algorithm_of(GetParam().compact);
  const auto parts = split_token(GetParam().compact);
  ASSERT_TRUE(key.can_sign());
  const auto signature = Signer(key, algorithm).sign(parts->signing_input);
  ASSERT_TRUE(signature);
  if (GetParam().deterministic) {
    EXPECT_EQ(base64url_encode(*signature), parts->signature);
  } else {
    EXPECT_NE(base64url_encode(*signature), parts->signature);
    EXPECT_TRUE(Verifier(key, algorithm).verify(parts->signing_input, *signature));
  }
}

INSTANTIATE_TEST_SUITE_P(Published, RfcExamples, testing::ValuesIn(kRfcVectors), [](const auto& each) {
  std::string name(each.param.name);
  for (char& c : name)
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

class EachAlgorithm : public testing::TestWithParam<std::size_t> {
 protected:
  Algorithm algorithm() const { return static_cast<Algorithm>(GetParam()); }
};

TEST_P(EachAlgorithm, VerifiesWhatItSignsAndNothingElse) {
  const auto key = Key::generate(algorithm());
  const auto other = Key::generate(algorithm());
  ASSERT_TRUE(key && other);
  Signer signer(*key, algorithm());
  Verifier verifier(*key, algorithm()), stranger(*other, algorithm());
  for (const std::string& text : {std::string("a.b"), std::string(), std::string(5000, 'x')}) {
    const auto signature = signer.sign(text);
    ASSERT_TRUE(signature);
    EXPECT_TRUE(verifier.verify(text, *signature));
    EXPECT_FALSE(verifier.verify(text + "x", *signature));
    EXPECT_FALSE(stranger.verify(text, *signature));
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

INSTANTIATE_TEST_SUITE_P(All, EachAlgorithm, testing::Range(std::size_t{0}, kAlgorithms),
                         [](const auto& each) {
                           return std::string(name_of(static_cast<Algorithm>(each.param)));
                         });

TEST(RsaKey, DoesNotVerifyTheSignatureOfOneAlgorithmAsThatOfAnother) {
  const auto key = parse_jwk(*json::parse(kRfcVectors[1].jwk), {.read_private = true});
  ASSERT_TRUE(key);
  for (const Algorithm signing : kRsaAlgorithms) {
    const auto signature = Signer(*key, signing).sign("a.b");
    ASSERT_TRUE(signature);
    for (const Algorithm verifying : kRsaAlgorithms)
      EXPECT_EQ(Verifier(*key, verifying).verify("a.b", *signature), signing == verifying)
          << name_of(verifying);
  }
}

TEST(Algorithms, HaveExactlyOneSpelling) {
  for (std::size_t i = 0; i < kAlgorithms; ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    EXPECT_EQ(parse_algorithm(name_of(algorithm)), algorithm);
  }
  for (const char* name :
       {"", "none", "None", "NONE", "hs256", "HS256 ", "ES256K", "RS1", "EDDSA", "Ed25519", "HS1024"})
    EXPECT_EQ(parse_algorithm(name), std::nullopt) << name;
}

// RFC 4231 test cases 1, 2 and 6 (a key longer than the block).
TEST(Hmac, GivesTheMacsOfRfc4231) {
  const auto hex = [](const Digest& digest) {
    std::string text;
    for (std::size_t i = 0; i < digest.size; ++i) {
      text += "0123456789abcdef"[digest.bytes[i] >> 4];
      text += "0123456789abcdef"[digest.bytes[i] & 15];
    }
    return text;
  };
  EXPECT_EQ(hex(Hmac(Hash::sha256, std::string(20, '\x0b')).compute("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(
      hex(Hmac(Hash::sha384, "Jefe").compute("what do ya want for nothing?")),
      "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
  EXPECT_EQ(hex(Hmac(Hash::sha512, std::string(131, '\xaa'))
                    .compute("Test Using Larger Than Block-Size Key - Hash Key First")),
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
            "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
  EXPECT_EQ(hex(Hmac(Hash::sha256, std::string(131, '\xaa'))
                    .compute("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(EcdsaForm, GoesFromRawToDerAndBack) {
  for (const std::size_t coordinate : {std::size_t{32}, std::size_t{48}, std::size_t{66}}) {
    for (const int lead : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string raw(2 * coordinate, '\x5a');
      raw[0] = static_cast<char>(lead);
      raw[coordinate] = static_cast<char>(lead);
      const auto der = ecdsa_der_from_raw(raw, coordinate);
      ASSERT_TRUE(der);
      EXPECT_EQ(ecdsa_raw_from_der({reinterpret_cast<const char*>(der->bytes.data()), der->size}, coordinate),
                raw);
    }
  }
}

TEST(EcdsaForm, RefusesZeroAndAnyOtherLength) {
  const std::string zero(32, '\0'), one = std::string(31, '\0') + '\x01';
  EXPECT_TRUE(ecdsa_der_from_raw(one + one, 32));
  EXPECT_FALSE(ecdsa_der_from_raw(zero + one, 32));
  EXPECT_FALSE(ecdsa_der_from_raw(one + zero, 32));
  EXPECT_FALSE(ecdsa_der_from_raw(zero + zero, 32));
  for (const std::size_t size : {0u, 1u, 63u, 65u, 96u, 4096u})
    EXPECT_FALSE(ecdsa_der_from_raw(std::string(size, '\x01'), 32)) << size;
}

}  // namespace
}  // namespace gw::jose
