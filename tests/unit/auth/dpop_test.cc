// SPDX-License-Identifier: Apache-2.0
#include "auth/dpop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "auth/dpop_nonce.h"
#include "base/base64url.h"
#include "unit/auth/token_minter.h"

namespace gw::auth {
namespace {

using ::testing::HasSubstr;

// RFC 9449 sections 4.1 and 7.1.
constexpr std::string_view kTokenProof =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpD"
    "a0R"
    "scEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlA"
    "tM"
    "jU2In19."
    "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3"
    "Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-"
    "FNyJK70"
    "nfbV37xRZT3Lg";
constexpr std::string_view kResourceProof =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpD"
    "a0R"
    "scEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlA"
    "tM"
    "jU2In19."
    "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy"
    "9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0"
    "NB"
    "cWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
constexpr std::string_view kToken = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
constexpr std::string_view kThumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

DpopContext example() {
  return {"GET", "https", "resource.example.org", "/protectedresource", kToken, kThumbprint, 1562262620};
}

// A proof of ours; the texts replace members of a good one.
std::string proof(std::string_view payload, std::string_view typ = "dpop+jwt",
                  const jose::Key& key = es_key(), std::string_view extra = {}) {
  json::Value jwk = jose::format_public_jwk(key);
  if (!extra.empty()) jwk.set(extra, "AAAA");
  const std::string header =
      R"({"typ":")" + std::string(typ) + R"(","alg":"ES256","jwk":)" + json::dump(jwk) + "}";
  return sign(key, jose::Algorithm::es256, header, payload);
}
constexpr std::string_view kGood = R"({"jti":"1","htm":"GET","htu":"https://a/x","iat":1700000000})";

std::string why_unreadable(std::string_view text) {
  const auto read = read_dpop_proof(text);
  return read ? "read" : std::string(read.error());
}

TEST(DpopProof, OfTheRfcIsReadAndProvesItsRequest) {
  const auto first = read_dpop_proof(kTokenProof);
  ASSERT_TRUE(first) << first.error();
  EXPECT_EQ(first->id, "-BwC3ESc6acc2lTc");
  EXPECT_EQ(first->method, "POST");
  EXPECT_EQ(first->url, "https://server.example.com/token");
  EXPECT_EQ(first->thumbprint, kThumbprint);

  const auto second = read_dpop_proof(kResourceProof);
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(check_dpop_proof(*second, example()), "");
}

TEST(DpopProof, ProvesNoOtherRequest) {
  const auto read = read_dpop_proof(kResourceProof);
  const auto why = [&](auto change) {
    DpopContext context = example();
    change(context);
    return std::string(check_dpop_proof(*read, context));
  };
  EXPECT_THAT(why([](auto& c) { c.method = "get"; }), HasSubstr("another method"));
  EXPECT_THAT(why([](auto& c) { c.scheme = "http"; }), HasSubstr("another URL"));
  EXPECT_THAT(why([](auto& c) { c.authority = "resource.example.com"; }), HasSubstr("another URL"));
  EXPECT_THAT(why([](auto& c) { c.authority = "resource.example.org:8443"; }), HasSubstr("another URL"));
  EXPECT_THAT(why([](auto& c) { c.path = "/protectedresource/"; }), HasSubstr("another URL"));
  EXPECT_THAT(why([](auto& c) { c.token = "other"; }), HasSubstr("another token"));
  EXPECT_THAT(why([](auto& c) { c.thumbprint = "other"; }), HasSubstr("another key"));
  EXPECT_THAT(why([](auto& c) { c.thumbprint = ""; }), HasSubstr("another key"));
  EXPECT_THAT(why([](auto& c) { c.now += 100; }), HasSubstr("too old"));
  EXPECT_THAT(why([](auto& c) { c.now -= 100; }), HasSubstr("future"));
  EXPECT_EQ(why([](auto& c) { c.authority = "Resource.Example.org:443"; }), "");
}

TEST(DpopProof, WithoutATokenProvesAnyKeyAndNamesNoToken) {
  const auto read = read_dpop_proof(kTokenProof);
  DpopContext context{.method = "POST",
                      .scheme = "https",
                      .authority = "server.example.com",
                      .path = "/token",
                      .now = 1562262620};
  EXPECT_EQ(check_dpop_proof_alone(*read, context), "");
  EXPECT_THAT(std::string(check_dpop_proof(*read, context)), HasSubstr("another token"));
  context.path = "/refresh";
  EXPECT_THAT(std::string(check_dpop_proof_alone(*read, context)), HasSubstr("another URL"));
  EXPECT_THAT(std::string(check_dpop_proof_alone(*read_dpop_proof(kResourceProof), example())),
              HasSubstr("comes without one"));
}

TEST(DpopNonces, AreGoodForAWhileAndForReplicasWithTheKey) {
  const DpopNonces nonces(SecretString(std::string("key"))), replica(SecretString(std::string("key")));
  const std::string nonce = nonces.current(kNow);
  EXPECT_EQ(nonces.current(kNow), nonce);
  EXPECT_NE(nonces.current(kNow + kDpopNonceSpan), nonce);
  EXPECT_TRUE(nonces.is_good(nonce, kNow));
  EXPECT_TRUE(nonces.is_good(nonce, kNow + kDpopNonceSpan));
  EXPECT_TRUE(replica.is_good(nonce, kNow - kDpopNonceSpan)) << "its clock is behind";
  EXPECT_FALSE(nonces.is_good(nonce, kNow + 2 * kDpopNonceSpan));
  EXPECT_FALSE(nonces.is_good(nonce, kNow - 2 * kDpopNonceSpan));
  for (const std::string& other :
       {std::string(), nonce + "A", nonce.substr(1), std::string(nonce.size(), 'A'),
        DpopNonces(SecretString(std::string("other"))).current(kNow), DpopNonces::of_process().current(kNow)})
    EXPECT_FALSE(nonces.is_good(other, kNow)) << other;
  EXPECT_TRUE(DpopNonces::of_process().is_good(DpopNonces::of_process().current(kNow), kNow));
}

TEST(DpopProof, HasAUrlThatIsComparedInItsNormalForm) {
  const auto matches = [](std::string_view htu) {
    DpopProof made{std::string(kThumbprint), "1", "GET", std::string(htu), "", 1562262618};
    made.token_hash = read_dpop_proof(kResourceProof)->token_hash;
    return check_dpop_proof(made, example()).empty();
  };
  for (const char* good : {"HTTPS://resource.example.org/protectedresource",
                           "https://RESOURCE.example.org:443/protectedresource",
                           "https://resource.example.org/protectedresource?x=1#f",
                           "https://resource.example.org/%70rotectedresource",
                           "https://resource.example.org/a/../protectedresource"})
    EXPECT_TRUE(matches(good)) << good;
  for (const char* bad :
       {"", "https:///protectedresource", "protectedresource", "https://resource.example.org",
        "https://resource.example.org/protectedResource",
        "https://resource.example.org@evil/protectedresource",
        "https://resource.example.org/%2fprotectedresource",
        "https://resource.example.org:444/protectedresource", "//resource.example.org/protectedresource"})
    EXPECT_FALSE(matches(bad)) << bad;
}

TEST(DpopProof, ThatIsNotWellMadeIsRefused) {
  EXPECT_EQ(why_unreadable(proof(kGood)), "read");
  EXPECT_EQ(why_unreadable(proof(kGood, "application/DPoP+JWT")), "read");
  EXPECT_THAT(why_unreadable(proof(kGood, "JWT")), HasSubstr("typ"));
  EXPECT_THAT(why_unreadable(proof(kGood, "dpop+jwt", es_key(), "d")), HasSubstr("private"));
  EXPECT_THAT(why_unreadable(proof(R"({"htm":"GET","htu":"https://a/x","iat":1700000000})")),
              HasSubstr("jti"));
  EXPECT_THAT(why_unreadable(proof(R"({"jti":7,"htm":"GET","htu":"https://a/x","iat":1700000000})")),
              HasSubstr("jti"));
  EXPECT_THAT(why_unreadable(proof(R"({"jti":"1","htm":"GET","htu":"https://a/x"})")), HasSubstr("iat"));
  EXPECT_THAT(why_unreadable(proof(R"({"jti":"1","jti":"2","iat":1700000000})")), HasSubstr("claims"));
  EXPECT_THAT(why_unreadable(proof("[]")), HasSubstr("claims"));
  for (const char* odd :
       {R"({"jti":"1","iat":1700000000,"ath":7})", R"({"jti":"1","iat":1700000000,"nonce":null})",
        R"({"jti":"1","iat":1700000000,"htm":["GET"]})"})
    EXPECT_THAT(why_unreadable(proof(odd)), HasSubstr("another kind")) << odd;
  std::string spoilt = proof(kGood);
  spoilt[spoilt.size() - 10] = spoilt[spoilt.size() - 10] == 'A' ? 'B' : 'A';
  EXPECT_THAT(why_unreadable(spoilt), HasSubstr("signature"));
  const std::string unsigned_proof = spoilt.substr(0, spoilt.rfind('.') + 1);
  EXPECT_THAT(why_unreadable(unsigned_proof + base64url_encode(std::string(513, 's'))),
              HasSubstr("longer than"));
  EXPECT_NE(why_unreadable(std::string(kTokenProof) + "."), "read");
  EXPECT_NE(why_unreadable(""), "read");
  EXPECT_NE(why_unreadable(std::string(10000, 'a')), "read");
  // A symmetric key proves nothing, nor does one from elsewhere.
  EXPECT_THAT(why_unreadable(sign(hs_key(), jose::Algorithm::hs256,
                                  R"({"typ":"dpop+jwt","alg":"HS256","jwk":{"kty":"oct"}})", kGood)),
              HasSubstr("alg"));
  EXPECT_THAT(why_unreadable(sign(es_key(), jose::Algorithm::es256,
                                  R"({"typ":"dpop+jwt","alg":"ES256","kid":"e1"})", kGood)),
              HasSubstr("jwk"));
  EXPECT_NE(why_unreadable(encode(R"({"typ":"dpop+jwt","alg":"none","jwk":{}})", kGood) + "."), "read");
}

DpopProof numbered(int number, WallSeconds issued_at = kNow) {
  return {"key", std::to_string(number), "GET", "https://a/", "", issued_at};
}

TEST(DpopReplays, AreFoundForAsLongAsTheProofIsGood) {
  DpopReplays seen(1024);
  EXPECT_TRUE(seen.is_new(numbered(1), kNow));
  EXPECT_FALSE(seen.is_new(numbered(1), kNow));
  EXPECT_FALSE(seen.is_new(numbered(1), kNow + kDpopMaxAge));
  EXPECT_TRUE(seen.is_new(numbered(2), kNow));
  DpopProof other = numbered(1);
  other.thumbprint = "another";
  EXPECT_TRUE(seen.is_new(other, kNow)) << "another client's ids are its own";
}

TEST(DpopReplays, GiveTheirPlacesBackWithTime) {
  DpopReplays seen(256);
  int taken = 0;
  for (int i = 0; i < 2000; ++i) taken += seen.is_new(numbered(i), kNow) ? 1 : 0;
  EXPECT_LE(taken, 256);
  EXPECT_GT(taken, 128);
  EXPECT_FALSE(seen.is_new(numbered(3000), kNow)) << "full: better refused than taken twice";
  int again = 0;
  for (int i = 0; i < 200; ++i) again += seen.is_new(numbered(5000 + i, kNow + 70), kNow + 70) ? 1 : 0;
  EXPECT_GT(again, 150);
}

TEST(DpopReplays, AreNewToOneOfManyThreads) {
  DpopReplays seen(1 << 16);
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 3000; ++i) taken += seen.is_new(numbered(i), kNow) ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(taken, 3000);
  EXPECT_GT(taken, 2000);
}

}  // namespace
}  // namespace gw::auth
