// SPDX-License-Identifier: Apache-2.0
#include "jose/jwk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/base64url.h"
#include "jose/jws.h"
#include "jose/pem.h"
#include "unit/jose/rfc_vectors.h"

namespace gw::jose {
namespace {

using testing::HasSubstr;

json::Value member(std::string_view name, json::Value value) {
  return json::Value(json::Object{{std::string(name), std::move(value)}});
}

json::Value jwk_of(std::string_view vector_name) {
  for (const RfcVector& vector : kRfcVectors)
    if (vector.name == vector_name) return *json::parse(vector.jwk);
  ADD_FAILURE() << vector_name;
  return {};
}

json::Value rsa() {
  return jwk_of("RFC 7515 A.2");
}
json::Value p256() {
  return jwk_of("RFC 7515 A.3");
}
json::Value ed25519() {
  return jwk_of("RFC 8037 A.4");
}
json::Value oct() {
  return jwk_of("RFC 7520 4.4");
}

json::Value with(json::Value jwk, std::string_view name, json::Value value) {
  jwk.set(name, std::move(value));
  return jwk;
}

std::string why_not(const json::Value& jwk, JwkRules rules = {.allow_symmetric = true}) {
  const auto key = parse_jwk(jwk, rules);
  EXPECT_EQ(ERR_peek_error(), 0u);
  return key ? "" : key.error();
}

std::string set_of(std::initializer_list<json::Value> keys) {
  return json::dump(member("keys", json::Value(json::Array(keys))));
}

TEST(Thumbprint, IsThatOfRfc7638) {
  const auto jwk =
      json::parse(R"({"kty":"RSA","e":"AQAB","alg":"RS256","kid":"2011-04-29","n":)"
                  R"("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxu)"
                  R"(hDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w)"
                  R"(6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5haj)"
                  R"(rn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0)"
                  R"(Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"})");
  ASSERT_TRUE(jwk);
  EXPECT_EQ(thumbprint(*parse_jwk(*jwk, {})), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(Thumbprint, IsThatOfRfc8037) {
  EXPECT_EQ(thumbprint(*parse_jwk(ed25519(), {})), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(PublicJwk, IsReadAgainAsTheSameKeyForEveryKind) {
  for (const Algorithm algorithm : {Algorithm::rs256, Algorithm::ps512, Algorithm::es256, Algorithm::es384,
                                    Algorithm::es512, Algorithm::eddsa}) {
    auto key = Key::generate(algorithm);
    ASSERT_TRUE(key);
    key->rename("k1");
    const json::Value jwk = format_public_jwk(*key);
    EXPECT_EQ(jwk.find("d"), nullptr);
    EXPECT_EQ(*jwk.find("alg"), json::Value(name_of(algorithm)));
    const auto again = parse_jwk(jwk, {});
    ASSERT_TRUE(again) << again.error();
    EXPECT_FALSE(again->can_sign());
    EXPECT_EQ(again->kid(), "k1");
    EXPECT_EQ(thumbprint(*again), thumbprint(*key));
    EXPECT_TRUE(Verifier(*again, algorithm).verify("a.b", *Signer(*key, algorithm).sign("a.b")));
  }
}

TEST(PublicJwk, DoesNotExistForASecret) {
  EXPECT_TRUE(format_public_jwk(*parse_jwk(oct(), {.allow_symmetric = true})).is_null());
}

TEST(Jwk, ServesOnlyTheAlgorithmsOfItsKind) {
  using enum Algorithm;
  EXPECT_EQ(parse_jwk(rsa(), {})->algorithms(), (AlgorithmSet{rs256, rs384, rs512, ps256, ps384, ps512}));
  EXPECT_EQ(parse_jwk(p256(), {})->algorithms(), AlgorithmSet{es256});
  EXPECT_EQ(parse_jwk(ed25519(), {})->algorithms(), AlgorithmSet{eddsa});
  EXPECT_EQ(parse_jwk(with(rsa(), "alg", "PS384"), {})->algorithms(), AlgorithmSet{ps384});
  EXPECT_EQ(parse_jwk(rsa(), {.wanted = {rs256, es256, hs256}})->algorithms(), AlgorithmSet{rs256});
}

TEST(Jwk, KeepsItsPrivatePartOnlyWhenAsked) {
  EXPECT_FALSE(parse_jwk(rsa(), {})->can_sign());
  EXPECT_FALSE(parse_jwk(p256(), {})->can_sign());
  EXPECT_FALSE(parse_jwk(ed25519(), {})->can_sign());
  EXPECT_TRUE(parse_jwk(p256(), {.read_private = true})->can_sign());
}

TEST(Jwk, IsRefusedWhenItIsForSomethingElse) {
  EXPECT_THAT(why_not(with(rsa(), "use", "enc")), HasSubstr("`use`"));
  EXPECT_THAT(why_not(with(rsa(), "use", 1)), HasSubstr("`use`"));
  EXPECT_THAT(why_not(with(rsa(), "key_ops", json::Array{"encrypt", "wrapKey"})), HasSubstr("`key_ops`"));
  EXPECT_THAT(why_not(with(rsa(), "key_ops", "verify")), HasSubstr("`key_ops`"));
  EXPECT_EQ(why_not(with(rsa(), "key_ops", json::Array{"verify"})), "");
  EXPECT_THAT(why_not(with(rsa(), "alg", "RSA-OAEP")), HasSubstr("`alg`"));
  EXPECT_THAT(why_not(with(rsa(), "alg", "none")), HasSubstr("`alg`"));
  EXPECT_THAT(why_not(with(rsa(), "alg", nullptr)), HasSubstr("`alg`"));
  EXPECT_THAT(why_not(with(rsa(), "alg", "ES256")), HasSubstr("fits none"));
  EXPECT_THAT(why_not(with(p256(), "alg", "ES384")), HasSubstr("fits none"));
  EXPECT_THAT(why_not(with(oct(), "alg", "RS256")), HasSubstr("HS*"));
  EXPECT_THAT(why_not(with(rsa(), "kid", 7)), HasSubstr("`kid`"));
}

TEST(Jwk, IsRefusedWhenItsNumbersMakeNoSoundKey) {
  EXPECT_THAT(why_not(with(p256(), "x", base64url_encode(std::string(32, '\x01')))), testing::Not(""));
  EXPECT_THAT(why_not(with(p256(), "x", base64url_encode(std::string(31, '\x01')))),
              HasSubstr("make no key"));
  EXPECT_THAT(why_not(with(p256(), "crv", "P-384")), HasSubstr("make no key"));
  EXPECT_THAT(why_not(with(p256(), "crv", "secp256k1")), HasSubstr("`crv`"));
  EXPECT_THAT(why_not(with(p256(), "crv", "Ed25519")), HasSubstr("`crv`"));
  EXPECT_THAT(why_not(with(ed25519(), "crv", "X25519")), HasSubstr("`crv`"));
  EXPECT_THAT(why_not(with(ed25519(), "x", "AAAA")), HasSubstr("make no key"));
  EXPECT_THAT(why_not(with(p256(), "kty", "RSA")), HasSubstr("make no key"));
  EXPECT_THAT(why_not(with(p256(), "kty", "DSA")), HasSubstr("`kty`"));
  EXPECT_THAT(why_not(member("kid", "x")), HasSubstr("`kty`"));
  EXPECT_THAT(why_not(json::Value("text")), HasSubstr("no object"));
}

TEST(Jwk, IsRefusedWhenTheRsaKeyIsWeak) {
  const std::string thousand_bits = base64url_encode(std::string(128, '\xab'));
  EXPECT_THAT(why_not(with(rsa(), "n", thousand_bits)), HasSubstr("1024 bits"));
  const std::string even = base64url_encode(std::string(256, '\xaa'));
  EXPECT_THAT(why_not(with(rsa(), "n", even)), HasSubstr("even"));
  EXPECT_THAT(why_not(with(rsa(), "n", base64url_encode(std::string(2049, '\xab')))), HasSubstr("bits"));
  EXPECT_THAT(why_not(with(rsa(), "e", "AQ")), HasSubstr("exponent"));
  EXPECT_THAT(why_not(with(rsa(), "e", "Ag")), HasSubstr("exponent"));
  EXPECT_THAT(why_not(with(rsa(), "e", base64url_encode(std::string(9, '\xff')))), HasSubstr("exponent"));
  EXPECT_EQ(why_not(with(rsa(), "e", "Aw")), "");
}

TEST(Jwk, IsRefusedWhenTheSecretIsShorterThanTheHash) {
  const auto secret = [](std::size_t bytes) {
    return with(oct(), "k", base64url_encode(std::string(bytes, 'k')));
  };
  EXPECT_EQ(why_not(with(secret(32), "alg", "HS256")), "");
  EXPECT_THAT(why_not(with(secret(31), "alg", "HS256")), HasSubstr("shorter"));
  EXPECT_THAT(why_not(with(secret(47), "alg", "HS384")), HasSubstr("shorter"));
  EXPECT_THAT(why_not(with(secret(63), "alg", "HS512")), HasSubstr("shorter"));
  EXPECT_THAT(why_not(with(oct(), "k", "")), HasSubstr("`k`"));
  EXPECT_THAT(why_not(oct(), {}), HasSubstr("symmetric"));
}

TEST(JwkSet, LeavesOutWhatDoesNotFitAndSaysSo) {
  const std::string text =
      set_of({with(rsa(), "kid", "a"), with(rsa(), "use", "enc"), json::Value("odd"), oct(),
              with(p256(), "kid", "b"), with(rsa(), "kid", "a"), with(p256(), "kid", "a")});
  const auto set = parse_jwk_set(text, {});
  ASSERT_TRUE(set);
  ASSERT_EQ(set->keys.size(), 3u);
  EXPECT_EQ(set->keys[0].kid(), "a");
  EXPECT_EQ(set->keys[1].kid(), "b");
  EXPECT_EQ(set->keys[2].kind(), KeyKind::p256) << "the same kid for another algorithm says which is meant";
  EXPECT_THAT(set->warnings, testing::ElementsAre(HasSubstr("key 2"), HasSubstr("key 3"), HasSubstr("key 4"),
                                                  HasSubstr("key 6 is left out: its `kid`")));
}

TEST(JwkSet, LeavesOutAllKeysOfOneName) {
  const json::Value other = format_public_jwk(*Key::generate(Algorithm::es256));
  const auto set = parse_jwk_set(set_of({with(p256(), "kid", "a"), with(other, "kid", "a"),
                                         with(p256(), "kid", "a"), with(rsa(), "kid", "b")}),
                                 {});
  ASSERT_TRUE(set);
  ASSERT_EQ(set->keys.size(), 1u);
  EXPECT_EQ(set->keys[0].kid(), "b");
  EXPECT_THAT(set->warnings, testing::ElementsAre(HasSubstr("key 1 is left out: its `kid`"),
                                                  HasSubstr("key 2"), HasSubstr("key 3")));
}

TEST(JwkSet, LeavesOutAKeyWhoseNameAnotherHasThatCannotBeRead) {
  const auto kept = [](const json::Value& odd) {
    return parse_jwk_set(set_of({with(p256(), "kid", "a"), odd}), {})->keys.size();
  };
  EXPECT_EQ(kept(with(with(p256(), "kid", "a"), "x", "AAAA")), 0u);
  EXPECT_EQ(kept(with(with(p256(), "kid", "b"), "x", "AAAA")), 1u);
  EXPECT_EQ(kept(with(with(p256(), "kid", "a"), "use", "enc")), 1u) << "it is for something else";
  EXPECT_EQ(kept(with(with(rsa(), "kid", "a"), "n", "AAAA")), 1u);
}

TEST(JwkSet, IsRefusedWithBothSymmetricAndPublicKeys) {
  const std::string both = set_of({with(oct(), "kid", "a"), with(p256(), "kid", "b")});
  EXPECT_FALSE(parse_jwk_set(both, {.allow_symmetric = true}));
  EXPECT_TRUE(parse_jwk_set(both, {})) << "the symmetric one is left out";
  EXPECT_TRUE(parse_jwk_set(both, {.wanted = {Algorithm::es256}, .allow_symmetric = true})) << "likewise";
}

TEST(JwkSet, IsNotWhatHasNoListOfKeys) {
  for (const char* text :
       {"", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[]} x", "{\"keys\":[],\"keys\":[]}", "null"})
    EXPECT_FALSE(parse_jwk_set(text, {})) << text;
  EXPECT_TRUE(parse_jwk_set("{\"keys\":[],\"other\":1}", {}));
}

TEST(Pem, GivesAllPublicKeysOfAFileAndWarnsOfTheRest) {
  const auto ec = Key::generate(Algorithm::es256), ed = Key::generate(Algorithm::eddsa);
  const auto ec_pem = format_private_pem(*ec), ed_pem = format_private_pem(*ed);
  ASSERT_TRUE(ec_pem && ed_pem);
  const std::string text = "two keys\n" + std::string(ec_pem->reveal()) +
                           "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" +
                           std::string(ed_pem->reveal());
  const auto set = parse_key_file(text, {});
  ASSERT_TRUE(set);
  ASSERT_EQ(set->keys.size(), 2u);
  EXPECT_FALSE(set->keys[0].can_sign()) << "a private key in the file gives its public part alone";
  EXPECT_EQ(thumbprint(set->keys[0]), thumbprint(*ec));
  EXPECT_EQ(thumbprint(set->keys[1]), thumbprint(*ed));
  EXPECT_THAT(set->warnings, testing::ElementsAre(HasSubstr("PEM block 2")));
}

TEST(Pem, ReadsBackAPrivateKey) {
  for (const Algorithm algorithm : {Algorithm::rs256, Algorithm::es512, Algorithm::eddsa}) {
    const auto key = Key::generate(algorithm);
    const auto pem = format_private_pem(*key);
    ASSERT_TRUE(pem);
    const auto again = parse_private_pem(pem->reveal(), {algorithm});
    ASSERT_TRUE(again) << again.error();
    EXPECT_TRUE(again->can_sign());
    EXPECT_EQ(thumbprint(*again), thumbprint(*key));
  }
}

TEST(Pem, ReadsACertificate) {
  constexpr std::string_view kCertificate =
      "-----BEGIN CERTIFICATE-----\n"
      "MIIBiDCCAS+gAwIBAgIUMxTbnzlB964XwWuXydpxLEvtGFIwCgYIKoZIzj0EAwIw\n"
      "GTEXMBUGA1UEAwwOaXNzdWVyLmV4YW1wbGUwIBcNMjYxMTIyMTQzNTAyWhgPMjEy\n"
      "NjEwMjkxNDM1MDJaMBkxFzAVBgNVBAMMDmlzc3Vlci5leGFtcGxlMFkwEwYHKoZI\n"
      "zj0CAQYIKoZIzj0DAQcDQgAEwPaJncTgZpSxGDa28c7xhN9d280KKYywHND5ycLI\n"
      "NFG1oT3TMTTxm9jn73XkDWtXddTDXU6I9wJZnO/oPBppyKNTMFEwHQYDVR0OBBYE\n"
      "FK8HeHQIFvbABpwfYbAq5WGsA9dUMB8GA1UdIwQYMBaAFK8HeHQIFvbABpwfYbAq\n"
      "5WGsA9dUMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgF9J100ju\n"
      "135/zBlpY0/fL5Ft/UdieD+igE9Wc8piANACIGqo+qjArnhEwhiu78ohM7ejwGlp\n"
      "OBeS3GAQvRnhqvY5\n"
      "-----END CERTIFICATE-----\n";
  const auto set = parse_public_pem(kCertificate, AlgorithmSet::all());
  ASSERT_TRUE(set);
  ASSERT_EQ(set->keys.size(), 1u) << (set->warnings.empty() ? "" : set->warnings[0]);
  EXPECT_EQ(set->keys[0].kind(), KeyKind::p256);
}

}  // namespace
}  // namespace gw::jose
