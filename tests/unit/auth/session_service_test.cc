// SPDX-License-Identifier: Apache-2.0
#include "auth/session_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <set>

#include "auth/issuer.h"
#include "store/sqlite_store.h"
#include "support/failing_store.h"
#include "support/loop_thread.h"
#include "support/scratch_dir.h"

namespace gw::auth {
namespace {

using test::LoopThread;

constexpr WallSeconds kNow = 1'700'000'000;
constexpr WallSeconds kDay = 24 * 60 * 60;

class Sessions : public testing::Test {
 protected:
  Sessions() {
    auto opened = store::SqliteStore::open({.path = dir_ / "store.db"});
    EXPECT_TRUE(opened);
    store_ = std::move(*opened);
    use(*store_);
  }
  void use(store::Store& store) {
    service_ = std::make_unique<SessionService>(thread_.loop(), store, key_, jose::TokenOptions{});
  }

  Result<Session> open(const std::string& subject = "users:1") {
    Account account;
    account.subject = subject;
    return thread_.await<Session>([&](auto done) {
      return service_->open(account, "users", "orders:read", {"192.0.2.1", "curl/8"}, kNow, std::move(done));
    });
  }
  Result<Session> refresh(const RefreshToken& token, WallSeconds now = kNow) {
    return thread_.await<Session>([&](auto done) { return service_->refresh(token, now, std::move(done)); });
  }
  Result<store::Family> find(const RefreshToken& token, WallSeconds now = kNow) {
    return thread_.await<store::Family>(
        [&](auto done) { return service_->find(token, now, std::move(done)); });
  }
  Result<bool> end(const IdentityRef& identity, std::optional<RefreshToken> token) {
    return thread_.await<bool>([&](auto done) {
      Logout logout{identity, std::move(token)};
      return service_->end(std::move(logout), kNow, std::move(done));
    });
  }
  std::vector<store::Revocation> revocations() {
    auto loaded = thread_.await<std::vector<store::Revocation>>(
        [&](auto done) { return store_->load_revocations(thread_.loop(), kNow, std::move(done)); });
    EXPECT_TRUE(loaded);
    return *loaded;
  }

  test::ScratchDir dir_;
  const RefreshKey key_{SecretString(std::string(32, 'k'))};
  LoopThread thread_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<SessionService> service_;
};

LocalRef<Identity> identity_of(const Session& session) {
  auto identity = make_local<Identity>();
  identity->issuer_name = kSelfIssuer;
  identity->subject = session.family.subject;
  identity->session_id = session.family.id;
  identity->token_id = "jti-1";
  identity->issued_at = kNow;
  identity->expires_at = kNow + 900;
  return identity;
}

TEST_F(Sessions, LoginOpensASessionOfTheWholeRefreshLifetime) {
  const auto session = open("users:7");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->family.id.size(), 22u) << "128 bits";
  EXPECT_EQ(session->family.subject, "users:7");
  EXPECT_EQ(session->family.backend, "users");
  EXPECT_EQ(session->family.scope, "orders:read");
  EXPECT_EQ(session->family.created_at, kNow);
  EXPECT_EQ(session->family.expires_at, kNow + 14 * kDay);
}

TEST_F(Sessions, EachLoginIsASessionOfItsOwn) {
  const auto one = open();
  const auto two = open();
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->family.id, two->family.id);
  EXPECT_NE(one->refresh_token.reveal(), two->refresh_token.reveal());
}

TEST_F(Sessions, RefreshCarriesTheSessionOnWithANewToken) {
  const auto session = open();
  const auto next = refresh(session->refresh_token);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->family.id, session->family.id);
  EXPECT_EQ(next->family.scope, "orders:read");
  EXPECT_EQ(next->family.expires_at, session->family.expires_at) << "refreshing does not prolong the family";
  EXPECT_NE(next->refresh_token.reveal(), session->refresh_token.reveal());
  EXPECT_TRUE(refresh(next->refresh_token));
}

TEST_F(Sessions, FiftyParallelRefreshesWithOneTokenGetOneSuccessor) {
  constexpr int kRefreshes = 50;
  const auto session = open();
  std::set<std::string> successors;
  std::latch answered(kRefreshes);
  std::vector<net::Operation> operations;
  thread_.run([&] {
    for (int i = 0; i < kRefreshes; ++i)
      operations.push_back(service_->refresh(session->refresh_token, kNow, [&](Result<Session> next) {
        successors.insert(next ? std::string(next->refresh_token.reveal()) : "refused");
        answered.count_down();
      }));
  });
  answered.wait();
  thread_.run([&] { operations.clear(); });
  ASSERT_EQ(successors.size(), 1u);
  EXPECT_TRUE(refresh(*RefreshToken::parse(*successors.begin())));
}

TEST_F(Sessions, TokenUsedAgainAfterTheGraceEndsTheSession) {
  const auto session = open();
  const auto next = refresh(session->refresh_token, kNow);
  const auto again = refresh(session->refresh_token, kNow + 11);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().fault, Fault::token_revoked);
  EXPECT_EQ(refresh(next->refresh_token, kNow + 12).error().fault, Fault::token_revoked);
  ASSERT_EQ(revocations().size(), 1u);
  EXPECT_EQ(revocations().front().kind, store::RevokedKind::session);
  EXPECT_EQ(revocations().front().value, session->family.id);
  EXPECT_GE(revocations().front().until, kNow + 11 + 900) << "until its access tokens have expired";
}

TEST_F(Sessions, UnknownTokenIsMalformedAndEndsNothing) {
  const auto session = open();
  EXPECT_EQ(refresh(RefreshToken::make()).error().fault, Fault::token_malformed);
  EXPECT_EQ(find(RefreshToken::make()).error().fault, Fault::token_malformed);
  EXPECT_TRUE(revocations().empty());
  EXPECT_TRUE(refresh(session->refresh_token));
}

TEST_F(Sessions, ExpiredSessionSaysSo) {
  const auto session = open();
  EXPECT_EQ(refresh(session->refresh_token, kNow + 14 * kDay).error().fault, Fault::token_expired);
  EXPECT_EQ(find(session->refresh_token, kNow + 14 * kDay).error().fault, Fault::token_expired);
  EXPECT_TRUE(find(session->refresh_token, kNow + 14 * kDay - 1));
}

TEST_F(Sessions, FindingTheAccountUsesNothingUp) {
  const auto session = open("users:7");
  EXPECT_EQ(find(session->refresh_token)->subject, "users:7");
  EXPECT_EQ(find(session->refresh_token)->id, session->family.id);
  EXPECT_TRUE(refresh(session->refresh_token));
}

TEST_F(Sessions, LogoutByRefreshTokenEndsTheSession) {
  const auto session = open();
  EXPECT_TRUE(*end(IdentityRef(), session->refresh_token));
  EXPECT_EQ(refresh(session->refresh_token).error().fault, Fault::token_revoked);
  EXPECT_EQ(revocations().front().value, session->family.id);
}

TEST_F(Sessions, LogoutByAnOlderRefreshTokenEndsTheSessionToo) {
  const auto session = open();
  const auto next = refresh(session->refresh_token);
  EXPECT_TRUE(*end(IdentityRef(), session->refresh_token));
  EXPECT_EQ(refresh(next->refresh_token).error().fault, Fault::token_revoked);
}

TEST_F(Sessions, LogoutByAccessTokenEndsTheSession) {
  const auto session = open();
  const auto identity = identity_of(*session);
  EXPECT_TRUE(*end(IdentityRef(identity.get()), std::nullopt));
  EXPECT_EQ(refresh(session->refresh_token).error().fault, Fault::token_revoked);
}

TEST_F(Sessions, LogoutByTokensOfTwoSessionsEndsBoth) {
  const auto one = open();
  const auto two = open();
  const auto identity = identity_of(*one);
  EXPECT_TRUE(*end(IdentityRef(identity.get()), two->refresh_token));
  EXPECT_EQ(refresh(one->refresh_token).error().fault, Fault::token_revoked);
  EXPECT_EQ(refresh(two->refresh_token).error().fault, Fault::token_revoked);
}

TEST_F(Sessions, LogoutByAForgedRefreshTokenEndsNothing) {
  const auto session = open();
  EXPECT_FALSE(*end(IdentityRef(), RefreshToken::make()));
  EXPECT_FALSE(*end(IdentityRef(), std::nullopt));
  EXPECT_TRUE(revocations().empty());
  EXPECT_TRUE(refresh(session->refresh_token));
}

TEST_F(Sessions, LogoutWithATokenOfAnotherIssuerRevokesThatTokenAlone) {
  const auto session = open();
  const auto foreign = identity_of(*session);
  foreign->issuer_name = "corp";
  EXPECT_TRUE(*end(IdentityRef(foreign.get()), std::nullopt));
  ASSERT_EQ(revocations().size(), 1u);
  EXPECT_EQ(revocations().front().kind, store::RevokedKind::token);
  EXPECT_EQ(revocations().front().value, "jti-1");
  EXPECT_TRUE(refresh(session->refresh_token)) << "its sid names no session of ours";
}

TEST_F(Sessions, RevocationOutlivesAnAccessTokenThatLivesLongerThanTheirs) {
  const auto session = open();
  const auto identity = identity_of(*session);
  identity->expires_at = kNow + 5 * kDay;
  EXPECT_TRUE(*end(IdentityRef(identity.get()), std::nullopt));
  EXPECT_EQ(revocations().front().until, kNow + 5 * kDay);
}

TEST_F(Sessions, EndAllEndsEverySessionOfTheAccountAndNoOther) {
  const auto one = open("users:1");
  const auto two = open("users:1");
  const auto other = open("users:2");
  const auto ended = thread_.await<std::monostate>(
      [&](auto done) { return service_->end_all("users:1", kNow + 5, std::move(done)); });
  ASSERT_TRUE(ended);
  EXPECT_EQ(refresh(one->refresh_token).error().fault, Fault::token_revoked);
  EXPECT_EQ(refresh(two->refresh_token).error().fault, Fault::token_revoked);
  EXPECT_TRUE(refresh(other->refresh_token));
}

TEST_F(Sessions, EndSessionEndsTheOneThatIsNamed) {
  const auto one = open();
  const auto two = open();
  const auto ended = thread_.await<std::monostate>(
      [&](auto done) { return service_->end_session(one->family.id, kNow, std::move(done)); });
  ASSERT_TRUE(ended);
  EXPECT_EQ(refresh(one->refresh_token).error().fault, Fault::token_revoked);
  EXPECT_TRUE(refresh(two->refresh_token));
}

TEST_F(Sessions, DroppedOperationsAnswerNothing) {
  const auto session = open();
  int answers = 0;
  thread_.run([&] {
    net::Operation refreshing =
        service_->refresh(session->refresh_token, kNow, [&](Result<Session>) { ++answers; });
    net::Operation ending =
        service_->end({IdentityRef(), session->refresh_token}, kNow, [&](Result<bool>) { ++answers; });
  });
  (void)find(session->refresh_token);
  thread_.run([&] { EXPECT_EQ(answers, 0); });
}

TEST_F(Sessions, StoreThatIsAwayIsWhatTheyHear) {
  const auto session = open();
  for (const Fault fault : {Fault::store_unavailable, Fault::overloaded}) {
    test::FailingStore away(fault);
    use(away);
    EXPECT_EQ(open().error().fault, fault);
    EXPECT_EQ(find(session->refresh_token).error().fault, fault);
    EXPECT_EQ(refresh(session->refresh_token).error().fault, fault);
    EXPECT_EQ(end(IdentityRef(), session->refresh_token).error().fault, fault);
  }
}

}  // namespace
}  // namespace gw::auth
