// SPDX-License-Identifier: Apache-2.0
#include "auth/token_marks.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/auth/token_minter.h"

namespace gw::auth {
namespace {

using jose::Algorithm;

TokenHash token(int number) {
  static const TokenHasher hasher;
  return hasher(std::to_string(number));
}

TEST(TokenMarks, ContainsWhatWasPutInAndNothingElse) {
  TokenMarks marks(1024 * 1024);
  EXPECT_FALSE(marks.contains(token(1)));
  for (int i = 0; i < 1000; ++i) marks.insert(token(i));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(marks.contains(token(i))) << i;
  for (int i = 1000; i < 2000; ++i) EXPECT_FALSE(marks.contains(token(i))) << i;
  EXPECT_FALSE(marks.contains({token(1)[0], token(2)[1]})) << "both halves count";
  marks.flush();
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(marks.contains(token(i))) << i;
  marks.insert(token(7));
  EXPECT_TRUE(marks.contains(token(7)));
}

TEST(TokenMarks, NewOnesTakeThePlaceOfOthersWhenItIsFull) {
  for (const std::size_t bytes : {std::size_t{64}, std::size_t{5000}}) {
    TokenMarks marks(bytes);
    for (int i = 0; i < 10'000; ++i) {
      marks.insert(token(i));
      ASSERT_TRUE(marks.contains(token(i))) << i;
    }
    std::size_t kept = 0;
    for (int i = 0; i < 10'000; ++i) kept += marks.contains(token(i)) ? 1 : 0;
    EXPECT_LE(kept * sizeof(TokenHash), bytes);
    EXPECT_GT(kept * sizeof(TokenHash), bytes / 4);
  }
}

TEST(TokenMarks, RemembersNothingWithoutMemory) {
  TokenMarks marks(0);
  marks.insert(token(1));
  EXPECT_FALSE(marks.contains(token(1)));
  marks.flush();
}

constexpr std::string_view kHeader = R"({"alg":"ES256","typ":"at+jwt","kid":"e1"})";

// With a cache of a few tokens, so that what is remembered is the signature alone.
class ProvenSignature : public testing::Test {
 protected:
  static std::string token_of(int number, const jose::Key& key = es_key()) {
    return sign(key, Algorithm::es256, kHeader,
                R"({"iss":"https://self.example","sub":"7","aud":"api","exp":1700000900,"jti":")" +
                    std::to_string(number) + "\"}");
  }
  TokenVerifier verifier_{std::make_shared<const Issuers>(test_issuers()), 256 * 1024};
  std::vector<std::string> tokens_;

  void SetUp() override {
    for (int i = 0; i < 600; ++i) tokens_.push_back(token_of(i));
    for (const std::string& token : tokens_) ASSERT_EQ(outcome(verifier_, token), "ok");
    ASSERT_LT(verifier_.cache().size(), tokens_.size() / 2);
  }
};

TEST_F(ProvenSignature, ExcusesNoOtherCheck) {
  for (const std::string& token : tokens_) {
    EXPECT_EQ(outcome(verifier_, token), "ok");
    EXPECT_EQ(outcome(verifier_, token, 1'700'000'900), "token_expired");
  }
}

TEST_F(ProvenSignature, IsThatOfTheseBytesOnly) {
  for (std::string token : tokens_) {
    const std::size_t signature = token.rfind('.') + 1;
    std::string other = token;
    other[signature + 20] = other[signature + 20] == 'A' ? 'B' : 'A';
    EXPECT_EQ(outcome(verifier_, other), "token_signature");
    EXPECT_EQ(outcome(verifier_, token.substr(0, signature)), "token_signature");
    std::string payload = token;
    const std::size_t middle = token.find('.') + 1;
    const std::string changed =
        base64url_encode(R"({"iss":"https://self.example","sub":"8","aud":"api","exp":1700000900})");
    payload.replace(middle, signature - 1 - middle, changed);
    EXPECT_EQ(outcome(verifier_, payload), "token_signature");
  }
}

TEST_F(ProvenSignature, GoesWithItsKey) {
  verifier_.replace_keys("self", {});
  for (const std::string& token : tokens_) EXPECT_NE(outcome(verifier_, token), "ok");
}

// Those that were refused are remembered too, as long as the keys stay what they are.
TEST(RefusedSignature, IsRefusedAgainUntilAKeyComesThatItIsGoodFor) {
  TokenVerifier verifier = verifier_of(test_issuers());
  const jose::Key second = new_key(Algorithm::es256, "e2");
  const std::string token = sign(second, Algorithm::es256, R"({"alg":"ES256","typ":"at+jwt","kid":"e2"})",
                                 R"({"iss":"https://self.example","sub":"7","aud":"api","exp":1700000900})");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome(verifier, token), "token_signature");
  verifier.replace_keys("self", {es_key(), second});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome(verifier, token), "ok");
  verifier.replace_keys("self", {es_key()});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome(verifier, token), "token_signature");
}

TEST(RefusedSignature, SaysNothingOfOtherTokens) {
  TokenVerifier verifier = verifier_of(test_issuers());
  const std::string good = sign(es_key(), Algorithm::es256, kHeader,
                                R"({"iss":"https://self.example","sub":"7","aud":"api","exp":1700000900})");
  for (std::size_t at = good.rfind('.') + 1; at + 1 < good.size(); ++at) {
    std::string forged = good;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    for (int i = 0; i < 2; ++i) EXPECT_EQ(outcome(verifier, forged), "token_signature") << at;
  }
  EXPECT_EQ(outcome(verifier, good), "ok");
}

// Whose keys may come later is asked for them each time.
TEST(RefusedSignature, DoesNotHideThatNewerKeysCouldHelp) {
  Issuers issuers = test_issuers();
  issuers[0].is_remote = true;
  TokenVerifier verifier = verifier_of(issuers);
  const jose::Key second = new_key(Algorithm::es256, "e2");
  const std::string token = sign(second, Algorithm::es256, R"({"alg":"ES256","typ":"at+jwt","kid":"e2"})",
                                 R"({"iss":"https://self.example","sub":"7","aud":"api","exp":1700000900})");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome(verifier, token), "token_signature");
    EXPECT_EQ(verifier.remedy().kind, Remedy::Kind::newer_keys);
  }
}

TEST_F(ProvenSignature, IsForgottenWithTheTokens) {
  verifier_.flush();
  for (const std::string& token : tokens_) EXPECT_EQ(outcome(verifier_, token), "ok");
}

}  // namespace
}  // namespace gw::auth
