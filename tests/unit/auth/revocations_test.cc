// SPDX-License-Identifier: Apache-2.0
#include "auth/revocations.h"

#include <gtest/gtest.h>

#include <string>

namespace gw::auth {
namespace {

using store::RevokedKind;

constexpr WallSeconds kNow = 1'700'000'000;

Identity identity() {
  Identity made;
  made.issuer_name = "self";
  made.subject = "users:1";
  made.session_id = "sid-1";
  made.token_id = "jti-1";
  made.issued_at = kNow;
  made.expires_at = kNow + 900;
  return made;
}

class RevocationsTest : public testing::Test {
 protected:
  void revoke(RevokedKind kind, const std::string& value, WallSeconds at = kNow,
              WallSeconds until = kNow + 900) {
    revocations_.apply({kind, value, at, until}, kNow);
  }
  Revocations revocations_;
};

TEST_F(RevocationsTest, WhatOneIssuerNamesIsNotAnothers) {
  Identity own = identity();
  own.issuer = "https://self.example";
  for (const auto& [kind, value] : {std::pair{RevokedKind::token, "jti-1"},
                                    {RevokedKind::session, "sid-1"},
                                    {RevokedKind::subject, "users:1"}}) {
    Revocations revocations;
    revocations.apply({kind, value, kNow, kNow + 900, "https://other.example"}, kNow);
    EXPECT_FALSE(revocations.is_revoked(own)) << value;
    revocations.apply({kind, value, kNow, kNow + 900, std::string(own.issuer)}, kNow);
    EXPECT_TRUE(revocations.is_revoked(own)) << value;
    EXPECT_EQ(revocations.size(), 2u);
    revocations.purge(kNow + 900);
    EXPECT_EQ(revocations.size(), 0u);
  }
}

TEST_F(RevocationsTest, AnIssuersEpochCoversAllOfItUntilThenAndNothingElse) {
  Identity old = identity(), later = identity(), other = identity(), of_that_subject = identity();
  old.issuer = later.issuer = "https://idp.example";
  later.issued_at = kNow + 1;
  other.issuer = "https://idp.example/";
  revoke(RevokedKind::issuer, "https://idp.example", kNow);
  EXPECT_TRUE(revocations_.is_revoked(old));
  EXPECT_FALSE(revocations_.is_revoked(later));
  EXPECT_FALSE(revocations_.is_revoked(other));
  of_that_subject.issuer = other.issuer;
  of_that_subject.subject = "https://idp.example";
  EXPECT_FALSE(revocations_.is_revoked(of_that_subject));
}

TEST_F(RevocationsTest, NothingIsRevokedAtFirst) {
  EXPECT_FALSE(revocations_.is_revoked(identity()));
}

TEST_F(RevocationsTest, TokenIsRevokedByItsJtiAlone) {
  revoke(RevokedKind::token, "jti-1");
  EXPECT_TRUE(revocations_.is_revoked(identity()));
  Identity other = identity();
  other.token_id = "jti-2";
  EXPECT_FALSE(revocations_.is_revoked(other));
}

TEST_F(RevocationsTest, SessionIsRevokedWithAllItsTokens) {
  revoke(RevokedKind::session, "sid-1");
  Identity later = identity();
  later.token_id = "jti-2";
  later.issued_at = kNow + 100;
  EXPECT_TRUE(revocations_.is_revoked(identity()));
  EXPECT_TRUE(revocations_.is_revoked(later));
  later.session_id = "sid-2";
  EXPECT_FALSE(revocations_.is_revoked(later));
}

TEST_F(RevocationsTest, SubjectLosesTheTokensIssuedByThen) {
  revoke(RevokedKind::subject, "users:1", kNow);
  Identity token = identity();
  for (const auto& [issued_at, revoked] :
       {std::pair{kNow - 1, true}, {kNow, true}, {kNow + 1, false}, {WallSeconds{0}, true}}) {
    token.issued_at = issued_at;
    EXPECT_EQ(revocations_.is_revoked(token), revoked) << issued_at;
  }
  token = identity();
  token.subject = "users:2";
  EXPECT_FALSE(revocations_.is_revoked(token));
}

TEST_F(RevocationsTest, ValuesAreExactAndKindsApart) {
  revoke(RevokedKind::token, "sid-1");
  revoke(RevokedKind::session, "users:1");
  revoke(RevokedKind::subject, "jti-1");
  for (const char* near : {"jti-", "jti-11", "JTI-1", "jti-1 "}) revoke(RevokedKind::token, near);
  EXPECT_FALSE(revocations_.is_revoked(identity()));
}

TEST_F(RevocationsTest, EmptyNamesMatchNothing) {
  revoke(RevokedKind::token, "");
  revoke(RevokedKind::session, "");
  revoke(RevokedKind::session, "other");
  revoke(RevokedKind::token, "other");
  Identity bare;
  EXPECT_FALSE(revocations_.is_revoked(bare));
}

TEST_F(RevocationsTest, RevokingAgainOnlyWidens) {
  revoke(RevokedKind::subject, "users:1", kNow + 10, kNow + 900);
  revoke(RevokedKind::subject, "users:1", kNow, kNow + 100);
  Identity token = identity();
  token.issued_at = kNow + 10;
  EXPECT_TRUE(revocations_.is_revoked(token));
  revocations_.purge(kNow + 500);
  EXPECT_TRUE(revocations_.is_revoked(token));
  EXPECT_EQ(revocations_.size(), 1u);
}

TEST_F(RevocationsTest, ThatWasWidenedLivesUntilTheLaterTime) {
  revoke(RevokedKind::token, "jti-1", kNow, kNow + 10);
  revoke(RevokedKind::token, "jti-1", kNow, kNow + 20);
  revocations_.purge(kNow + 10);
  EXPECT_TRUE(revocations_.is_revoked(identity()));
  revocations_.purge(kNow + 20);
  EXPECT_FALSE(revocations_.is_revoked(identity()));
  EXPECT_EQ(revocations_.size(), 0u);
}

TEST_F(RevocationsTest, WhatHasServedGoes) {
  for (int i = 0; i < 500; ++i) revoke(RevokedKind::token, std::to_string(i), kNow, kNow + 1 + i);
  EXPECT_EQ(revocations_.size(), 500u);
  revocations_.purge(kNow + 250);
  EXPECT_EQ(revocations_.size(), 250u);
  revocations_.purge(kNow + 500);
  EXPECT_EQ(revocations_.size(), 0u);
}

TEST_F(RevocationsTest, WhatHasServedGoesAsNewOnesCome) {
  for (int i = 0; i < 10'000; ++i)
    revocations_.apply({RevokedKind::session, std::to_string(i), kNow + i, kNow + i + 100}, kNow + i);
  EXPECT_LE(revocations_.size(), 101u);
}

TEST_F(RevocationsTest, ThatHasServedIsNotTakenIn) {
  revoke(RevokedKind::token, "jti-1", kNow - 900, kNow);
  EXPECT_EQ(revocations_.size(), 0u);
}

TEST_F(RevocationsTest, ShortAndLongValuesSurviveGrowth) {
  const std::string long_value(200, 'x');
  revoke(RevokedKind::token, "s", kNow, kNow + 5);
  revoke(RevokedKind::token, long_value, kNow, kNow + 5);
  for (int i = 0; i < 5000; ++i) revoke(RevokedKind::token, "k" + std::to_string(i), kNow, kNow + 900);
  Identity token = identity();
  token.token_id = long_value;
  EXPECT_TRUE(revocations_.is_revoked(token));
  revocations_.purge(kNow + 5);
  EXPECT_FALSE(revocations_.is_revoked(token));
  EXPECT_EQ(revocations_.size(), 5000u);
}

}  // namespace
}  // namespace gw::auth
