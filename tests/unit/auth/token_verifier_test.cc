// SPDX-License-Identifier: Apache-2.0
#include "auth/token_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "jose/pem.h"
#include "support/scratch_dir.h"
#include "unit/auth/token_minter.h"

namespace gw::auth {
namespace {

using jose::Algorithm;
using test::ScratchDir;

constexpr std::string_view kHeader = R"({"alg":"ES256","typ":"at+jwt","kid":"e1"})";

std::string payload(std::string_view issuer, std::string_view more = "") {
  return R"({"iss":")" + std::string(issuer) + R"(","sub":"7","aud":"api","exp":1700000900)" +
         std::string(more) + "}";
}
std::string self_token(std::string_view more = "") {
  return sign(es_key(), Algorithm::es256, kHeader, payload("https://self.example", more));
}

TEST(TokenVerifier, GivesTheIdentityOfAGoodToken) {
  TokenVerifier verifier = verifier_of(test_issuers());
  const auto identity = verifier.verify(self_token(R"(,"roles":["clerk"],"scope":"a b","sid":"s1")"), kNow);
  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ((*identity)->issuer_name, "self");
  EXPECT_EQ((*identity)->subject, "7");
  EXPECT_EQ((*identity)->session_id, "s1");
  EXPECT_THAT((*identity)->roles, testing::ElementsAre("clerk"));
  EXPECT_THAT((*identity)->scopes, testing::ElementsAre("a", "b"));
}

TEST(TokenVerifier, ExplainsARefusalWithoutQuotingTheToken) {
  TokenVerifier verifier = verifier_of(test_issuers());
  const auto refused = verifier.verify(self_token(R"(,"nbf":1800000000,"x":"hush")"), kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, testing::HasSubstr("`nbf`"));
  EXPECT_THAT(refused.error().detail, testing::Not(testing::HasSubstr("hush")));
}

TEST(TokenVerifier, AnswersATokenThatComesAgainFromItsCache) {
  TokenVerifier verifier = verifier_of(test_issuers());
  const std::string token = self_token();
  const auto first = verifier.verify(token, kNow), second = verifier.verify(token, kNow);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(verifier.cache().size(), 1u);
  verifier.flush();
  EXPECT_EQ(verifier.cache().size(), 0u);
  EXPECT_EQ(outcome(verifier, token), "ok");
}

TEST(TokenVerifier, KeepsNoTokenThatItRefused) {
  TokenVerifier verifier = verifier_of(test_issuers());
  const std::string good = self_token();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(outcome(verifier, good.substr(0, good.rfind('.')) + "." + std::string(86, 'A')),
              "token_signature");
  EXPECT_EQ(outcome(verifier, good, 1'700'000'900), "token_expired");
  EXPECT_EQ(verifier.cache().size(), 0u);
}

TEST(TokenVerifier, RefusesACachedTokenOnceItHasExpired) {
  TokenVerifier verifier = verifier_of(test_issuers());
  const std::string token = self_token();
  EXPECT_EQ(outcome(verifier, token, 1'700'000'899), "ok");
  ASSERT_EQ(verifier.cache().size(), 1u);
  EXPECT_EQ(outcome(verifier, token, 1'700'000'900), "token_expired");
  EXPECT_EQ(verifier.cache().size(), 0u);
  EXPECT_EQ(outcome(verifier, token, 1'700'000'900), "token_expired");
}

TEST(TokenVerifier, GivesACachedTokenTheLeewayOfItsIssuer) {
  TokenVerifier verifier = verifier_of(test_issuers());
  const std::string token = sign(rsa_key(), Algorithm::rs256, R"({"alg":"RS256","kid":"r1"})",
                                 payload("https://corp.example", R"(,"nbf":1700000000)"));
  EXPECT_EQ(outcome(verifier, token), "ok");
  EXPECT_EQ(outcome(verifier, token, 1'700'000'929), "ok");
  EXPECT_EQ(outcome(verifier, token, 1'699'999'970), "ok") << "the clock went back within the leeway";
  EXPECT_EQ(outcome(verifier, token, 1'699'999'969), "token_not_yet_valid");
  EXPECT_EQ(verifier.cache().size(), 1u);
  EXPECT_EQ(outcome(verifier, token, 1'700'000'930), "token_expired");
}

TEST(TokenVerifier, RefusesWhatIsOlderThanTheGreatestAge) {
  Issuers issuers = test_issuers();
  issuers[0].max_age = 600;
  TokenVerifier verifier = verifier_of(issuers);
  const std::string token = self_token(R"(,"iat":1699999500)");
  EXPECT_EQ(outcome(verifier, token, kNow), "ok");
  EXPECT_EQ(outcome(verifier, token, 1'700'000'099), "ok");
  EXPECT_EQ(outcome(verifier, token, 1'700'000'100), "token_expired") << "from the cache";
  EXPECT_EQ(outcome(verifier, token, 1'700'000'100), "token_expired");
  EXPECT_EQ(outcome(verifier, self_token()), "token_expired") << "without `iat`";
}

TEST(TokenVerifier, TriesNoKeyWhenSeveralFitATokenWithoutKid) {
  Issuers issuers = test_issuers();
  issuers[0].keys.push_back(new_key(Algorithm::es256, "e2"));
  TokenVerifier verifier = verifier_of(issuers);
  const std::string unnamed =
      sign(es_key(), Algorithm::es256, R"({"alg":"ES256","typ":"at+jwt"})", payload("https://self.example"));
  EXPECT_EQ(outcome(verifier, unnamed), "token_signature");
  EXPECT_EQ(outcome(verifier, self_token()), "ok");
}

TEST(TokenVerifier, TriesAnUnnamedKeyForAnyKidButNotTwo) {
  Issuers issuers = test_issuers();
  issuers[0].keys = {new_key(Algorithm::es256, ""), new_key(Algorithm::es256, "named")};
  const jose::Key unnamed = issuers[0].keys[0];
  const std::string token = sign(unnamed, Algorithm::es256, kHeader, payload("https://self.example"));
  TokenVerifier one = verifier_of(issuers);
  EXPECT_EQ(outcome(one, token), "ok");
  issuers[0].keys.push_back(new_key(Algorithm::es256, ""));
  TokenVerifier two = verifier_of(issuers);
  EXPECT_EQ(outcome(two, token), "token_signature");
}

TEST(TokenVerifier, DoesNotUseAKeyForAnAlgorithmThatItsIssuerDoesNotList) {
  Issuers issuers = test_issuers();
  issuers[2].algorithms.add(Algorithm::ps256);
  TokenVerifier verifier = verifier_of(issuers);
  const std::string token =
      sign(rsa_key(), Algorithm::ps256, R"({"alg":"PS256","kid":"r1"})", payload("https://corp.example"));
  EXPECT_EQ(outcome(verifier, token), "token_algorithm");
}

TEST(TokenVerifier, AcceptsAnyAudienceAndTypeWhereTheIssuerSaysSo) {
  Issuers issuers = test_issuers();
  issuers[0].any_audience = true;
  issuers[0].audiences.clear();
  issuers[0].require_type.clear();
  TokenVerifier verifier = verifier_of(issuers);
  EXPECT_EQ(outcome(verifier, sign(es_key(), Algorithm::es256, R"({"alg":"ES256","kid":"e1","typ":"x"})",
                                   R"({"iss":"https://self.example","exp":1700000900})")),
            "ok");
}

TEST(TokenVerifier, KnowsManyHeadersAndTheirKeysApart) {
  TokenVerifier verifier = verifier_of(test_issuers());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 40; ++i) {
      const std::string header = R"({"alg":"ES256","typ":"at+jwt","kid":"e1","n":)" + std::to_string(i) + "}";
      EXPECT_EQ(outcome(verifier, sign(es_key(), Algorithm::es256, header, payload("https://self.example"))),
                "ok");
      const std::string wrong = R"({"alg":"ES256","typ":"JWT","kid":"e1","n":)" + std::to_string(i) + "}";
      EXPECT_EQ(outcome(verifier, sign(es_key(), Algorithm::es256, wrong, payload("https://self.example"))),
                "token_type");
    }
  }
}

TEST(Issuer, IsLoadedFromAPemFileWhoseKeysAreEachTried) {
  ScratchDir dir;
  const jose::Key first = new_key(Algorithm::es256, ""), second = new_key(Algorithm::es256, "");
  const std::string path = dir.path().string() + "/keys.pem";
  std::ofstream(path) << jose::format_private_pem(first)->reveal()
                      << jose::format_private_pem(second)->reveal();
  jose::IssuerOptions options;
  options.name = "corp";
  options.issuer = "https://corp.example";
  options.jwks_file = path;
  options.algorithms = {Algorithm::es256};
  options.audiences = {"api"};
  std::vector<std::string> warnings;
  const auto issuer = load_issuer(options, warnings);
  ASSERT_TRUE(issuer) << issuer.error();
  EXPECT_TRUE(warnings.empty());
  TokenVerifier verifier = verifier_of({*issuer});
  for (const jose::Key& key : {first, second})
    EXPECT_EQ(outcome(verifier, sign(key, Algorithm::es256, R"({"alg":"ES256","kid":"any"})",
                                     payload("https://corp.example"))),
              "ok");
  EXPECT_EQ(outcome(verifier,
                    sign(es_key(), Algorithm::es256, R"({"alg":"ES256"})", payload("https://corp.example"))),
            "token_signature");
}

TEST(Issuer, IsAnErrorWithoutAKeyThatFits) {
  ScratchDir dir;
  jose::IssuerOptions options;
  options.algorithms = {Algorithm::rs256};
  std::vector<std::string> warnings;
  EXPECT_FALSE(load_issuer(options, warnings));
  options.jwks_file = dir.path().string() + "/missing";
  EXPECT_THAT(load_issuer(options, warnings).error(), testing::HasSubstr("missing"));
  options.jwks_file = dir.path().string() + "/keys";
  std::ofstream(options.jwks_file) << jose::format_private_pem(es_key())->reveal();
  EXPECT_THAT(load_issuer(options, warnings).error(), testing::HasSubstr("no key is left"));
  EXPECT_EQ(warnings.size(), 1u);
  options.jwks_file.clear();
  options.algorithms = {Algorithm::hs512};
  options.secret = SecretString(std::string(40, 's'));
  EXPECT_THAT(load_issuer(options, warnings).error(), testing::HasSubstr("shorter"));
}

}  // namespace
}  // namespace gw::auth

// Keys that come while running.

namespace gw::auth {
namespace {

Issuers remote_issuers(std::vector<jose::Key> keys) {
  Issuer remote;
  remote.name = "remote";
  remote.issuer = "https://remote.example";
  remote.algorithms = {jose::Algorithm::es256};
  remote.keys = std::move(keys);
  remote.is_remote = true;
  remote.audiences = {"api"};
  return {remote};
}

std::string remote_token(const jose::Key& key, std::string_view more = R"("aud":"api","exp":1700000300)") {
  return sign(key, jose::Algorithm::es256, R"({"alg":"ES256","kid":")" + key.kid() + "\"}",
              R"({"iss":"https://remote.example",)" + std::string(more) + "}");
}

TEST(RemoteKeys, ThatHaveNeverBeenHadAreTheGatewaysFault) {
  TokenVerifier verifier = verifier_of(remote_issuers({}));
  EXPECT_EQ(outcome(verifier, remote_token(es_key())), "backend_unavailable");
  EXPECT_EQ(verifier.remedy().kind, Remedy::Kind::newer_keys);
  EXPECT_EQ(verifier.remedy().issuer, "remote");
  EXPECT_EQ(verifier.remedy().kid, "e1");
  EXPECT_FALSE(verifier.has_keys("remote"));
}

TEST(RemoteKeys, AreReplacedWhileRunning) {
  const jose::Key next = new_key(jose::Algorithm::es256, "e2");
  TokenVerifier verifier = verifier_of(remote_issuers({es_key()}));
  EXPECT_EQ(outcome(verifier, remote_token(es_key())), "ok");
  EXPECT_EQ(outcome(verifier, remote_token(next)), "token_signature");
  EXPECT_EQ(verifier.remedy().kind, Remedy::Kind::newer_keys);

  verifier.replace_keys("remote", {es_key(), next});
  EXPECT_EQ(outcome(verifier, remote_token(next)), "ok");
  EXPECT_EQ(verifier.cache().size(), 2u) << "nothing was forgotten: no key went";

  verifier.replace_keys("remote", {next});
  EXPECT_EQ(outcome(verifier, remote_token(es_key())), "token_signature") << "though it was cached";
  EXPECT_EQ(outcome(verifier, remote_token(next)), "ok");
  verifier.replace_keys("nobody", {});
  EXPECT_EQ(outcome(verifier, remote_token(next)), "ok");
}

TEST(RemoteKeys, OfTheSameNameAndAnotherValueEndTheOldTokens) {
  jose::Key other = new_key(jose::Algorithm::es256, "e1");
  TokenVerifier verifier = verifier_of(remote_issuers({es_key()}));
  EXPECT_EQ(outcome(verifier, remote_token(es_key())), "ok");
  verifier.replace_keys("remote", {other});
  EXPECT_EQ(outcome(verifier, remote_token(es_key())), "token_signature");
  EXPECT_EQ(verifier.remedy().kind, Remedy::Kind::none) << "the name is known";
}

TEST(RemoteKeys, AreNotAskedForWhenTheTokenWouldBeRefusedAnyway) {
  const jose::Key stranger = new_key(jose::Algorithm::es256, "x");
  TokenVerifier verifier = verifier_of(remote_issuers({es_key()}));
  for (const char* more : {R"("aud":"api","exp":1699999000)", R"("aud":"web","exp":1700000300)",
                           R"("exp":1700000300)", R"("aud":"api","exp":1700000300,"nbf":1700000200)"}) {
    EXPECT_EQ(outcome(verifier, remote_token(stranger, more)), "token_signature") << more;
    EXPECT_EQ(verifier.remedy().kind, Remedy::Kind::none) << more;
  }
  TokenVerifier fixed = verifier_of(test_issuers());
  EXPECT_NE(outcome(fixed, sign(stranger, jose::Algorithm::es256, R"({"alg":"ES256","kid":"x"})",
                                R"({"iss":"https://self.example","aud":"api","exp":1700000300})")),
            "ok");
  EXPECT_EQ(fixed.remedy().kind, Remedy::Kind::none) << "its keys are not fetched";
}

}  // namespace
}  // namespace gw::auth
