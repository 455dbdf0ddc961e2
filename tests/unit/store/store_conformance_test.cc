// SPDX-License-Identifier: Apache-2.0
// What every store does, whatever it is made of. A new store joins with a line at the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <ostream>

#include "store/redis_store.h"
#include "store/sqlite_store.h"
#include "support/redis_server.h"
#include "support/scratch_dir.h"
#include "support/store_client.h"

namespace gw::store {
namespace {

using test::LoopThread;
using test::StoreClient;

constexpr WallSeconds kNow = 1'700'000'000;
constexpr WallSeconds kDay = 24 * 60 * 60;
constexpr Duration kGrace = 10s;

struct StoreKind {
  const char* name;
  // Opens the store that lives at `place`; again, after it was closed.
  std::function<Result<std::unique_ptr<Store>>(const std::string& place)> open;
};
void PrintTo(const StoreKind& kind, std::ostream* out) {
  *out << kind.name;
}

// A hash is 32 bytes, any of them.
std::string hash(int n) {
  return std::string("\0\xff\n", 3) + std::string(25, 'h') + std::to_string(1000 + n);
}

Family family(std::string id, std::string subject = "users:1") {
  return {std::move(id), std::move(subject), "users", "orders:read", kNow, kNow + 14 * kDay};
}

Presented use(int token) {
  return {hash(token), hash(token + 1), kGrace, kNow + kDay};
}

class EachStore : public testing::TestWithParam<StoreKind> {
 protected:
  EachStore() { open(); }

  void open() {
    auto opened = GetParam().open(dir_ / "store");
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
    client_ = std::make_unique<StoreClient>(*store_);
  }
  void restart() {
    store_.reset();
    client_.reset();
    open();
  }

  void open_family(const Family& opened, int token = 0) {
    ASSERT_TRUE(client_->open_family(opened, hash(token)));
  }
  RotateOutcome rotate(int token, WallSeconds now) {
    const auto rotation = client_->rotate(use(token), now);
    EXPECT_TRUE(rotation) << rotation.error().detail;
    return rotation ? rotation->outcome : RotateOutcome::unknown;
  }
  // Whether the attempt is allowed.
  bool attempt(const std::vector<std::string>& keys, const LockoutPolicy& policy, WallSeconds now) {
    const auto reserved = client_->reserve(keys, policy, now);
    EXPECT_TRUE(reserved);
    return reserved && reserved->allowed;
  }
  RotateOutcome find(int token, WallSeconds now) { return client_->find_family(hash(token), now)->outcome; }

  test::ScratchDir dir_;
  std::unique_ptr<StoreClient> client_;
  std::unique_ptr<Store> store_;  // goes before the loop that it answers on
};

TEST_P(EachStore, KeepsTheRevocationsOfIssuersApartAndEndsOnlySessionsThatAreMeant) {
  open_family(family("s1"));
  ASSERT_TRUE(client_->revoke({RevokedKind::subject, "users:1", kNow + 5, kNow + 1000, "other", false}));
  EXPECT_EQ(rotate(0, kNow + 6), RotateOutcome::rotated);
  ASSERT_TRUE(client_->revoke({RevokedKind::subject, "users:1", kNow + 5, kNow + 1000, "own", true}));
  EXPECT_EQ(client_->load_revocations(kNow)->size(), 2u);
  EXPECT_EQ(rotate(1, kNow + 7), RotateOutcome::revoked);
}

TEST_P(EachStore, AnEpochOfTheOwnIssuerEndsEverySessionUntilThen) {
  open_family(family("s1"));
  ASSERT_TRUE(
      client_->revoke({RevokedKind::issuer, "https://other.example", kNow + 1, kNow + 1000, "", false}));
  EXPECT_EQ(rotate(0, kNow + 2), RotateOutcome::rotated);
  ASSERT_TRUE(client_->revoke({RevokedKind::issuer, "https://self.example", kNow + 3, kNow + 1000}));
  EXPECT_EQ(rotate(1, kNow + 4), RotateOutcome::revoked);
  open_family(family("s2", "users:2"), 10);
  EXPECT_EQ(rotate(10, kNow + 4), RotateOutcome::revoked) << "begun before the epoch";
}

TEST_P(EachStore, FirstUseOfATokenMakesItsSuccessorCurrent) {
  open_family(family("s1"));
  EXPECT_EQ(rotate(0, kNow + 1), RotateOutcome::rotated);
  EXPECT_EQ(rotate(1, kNow + 2), RotateOutcome::rotated);
  EXPECT_EQ(rotate(2, kNow + 3), RotateOutcome::rotated);
}

TEST_P(EachStore, RotationTellsTheFamily) {
  open_family(family("s1", "users:7"));
  const auto rotation = client_->rotate(use(0), kNow);
  ASSERT_TRUE(rotation);
  EXPECT_EQ(rotation->family.id, "s1");
  EXPECT_EQ(rotation->family.subject, "users:7");
  EXPECT_EQ(rotation->family.backend, "users");
  EXPECT_EQ(rotation->family.scope, "orders:read");
  EXPECT_EQ(rotation->family.created_at, kNow);
  EXPECT_EQ(rotation->family.expires_at, kNow + 14 * kDay);
}

TEST_P(EachStore, SameTokenWithinTheGraceIsARepetition) {
  open_family(family("s1"));
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::rotated);
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::repeated);
  EXPECT_EQ(rotate(0, kNow + 10), RotateOutcome::repeated);
  EXPECT_EQ(rotate(1, kNow + 10), RotateOutcome::rotated);
}

TEST_P(EachStore, SameTokenAfterTheGraceEndsTheFamily) {
  open_family(family("s1"));
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::rotated);
  EXPECT_EQ(rotate(0, kNow + 11), RotateOutcome::reused);
  EXPECT_EQ(rotate(1, kNow + 12), RotateOutcome::revoked);
  EXPECT_EQ(rotate(0, kNow + 12), RotateOutcome::revoked);
}

TEST_P(EachStore, WithoutAGraceTheSecondUseEndsTheFamily) {
  open_family(family("s1"));
  Presented token = use(0);
  token.grace = 0s;
  EXPECT_EQ(client_->rotate(token, kNow)->outcome, RotateOutcome::rotated);
  EXPECT_EQ(client_->rotate(token, kNow)->outcome, RotateOutcome::reused);
}

TEST_P(EachStore, TokenWhoseSuccessorWasUsedEndsTheFamilyEvenWithinTheGrace) {
  open_family(family("s1"));
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::rotated);
  EXPECT_EQ(rotate(1, kNow), RotateOutcome::rotated);
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::reused);
  EXPECT_EQ(rotate(2, kNow), RotateOutcome::revoked);
}

TEST_P(EachStore, ReuseIsRecordedAsTheRevocationOfTheSession) {
  open_family(family("s1"));
  open_family(family("s2"), 50);
  rotate(0, kNow);
  rotate(0, kNow + 60);
  const auto revocations = client_->load_revocations(kNow + 60);
  ASSERT_TRUE(revocations);
  ASSERT_EQ(revocations->size(), 1u);
  EXPECT_EQ(revocations->front().kind, RevokedKind::session);
  EXPECT_EQ(revocations->front().value, "s1");
  EXPECT_EQ(revocations->front().at, kNow + 60);
  EXPECT_EQ(revocations->front().until, kNow + kDay);
  EXPECT_EQ(rotate(50, kNow + 60), RotateOutcome::rotated) << "another family goes on";
}

TEST_P(EachStore, ForgedTokenEndsNothing) {
  open_family(family("s1"));
  EXPECT_EQ(rotate(77, kNow), RotateOutcome::unknown);
  EXPECT_EQ(client_->rotate({"", "", kGrace, kNow}, kNow)->outcome, RotateOutcome::unknown);
  EXPECT_TRUE(client_->load_revocations(kNow)->empty());
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::rotated);
}

TEST_P(EachStore, RepetitionWithAnotherSuccessorIsAFaultAndChangesNothing) {
  open_family(family("s1"));
  rotate(0, kNow);
  Presented other = use(0);
  other.successor_hash = hash(99);
  const auto rotation = client_->rotate(other, kNow);
  ASSERT_FALSE(rotation);
  EXPECT_EQ(rotation.error().fault, Fault::store_unavailable);
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::repeated);
  EXPECT_EQ(rotate(99, kNow), RotateOutcome::unknown);
}

TEST_P(EachStore, FamilyExpiresToTheSecond) {
  Family short_lived = family("s1");
  short_lived.expires_at = kNow + 100;
  open_family(short_lived);
  EXPECT_EQ(find(0, kNow + 99), RotateOutcome::rotated);
  EXPECT_EQ(find(0, kNow + 100), RotateOutcome::expired);
  EXPECT_EQ(rotate(0, kNow + 100), RotateOutcome::expired);
  EXPECT_EQ(rotate(0, kNow + 99), RotateOutcome::rotated);
}

TEST_P(EachStore, LookingForAFamilyUsesNothingUp) {
  open_family(family("s1"));
  EXPECT_EQ(find(0, kNow), RotateOutcome::rotated);
  EXPECT_EQ(find(0, kNow), RotateOutcome::rotated);
  EXPECT_EQ(find(1, kNow), RotateOutcome::unknown);
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::rotated);
}

TEST_P(EachStore, UsedTokenStillTellsItsFamily) {
  open_family(family("s1"));
  rotate(0, kNow);
  const auto found = client_->find_family(hash(0), kNow + kDay);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->family.id, "s1");
  EXPECT_EQ(rotate(1, kNow + kDay), RotateOutcome::rotated) << "looking is no reuse";
}

TEST_P(EachStore, FiftyParallelRotationsHaveOneWinnerAndOneSuccessor) {
  constexpr int kLoops = 5;
  constexpr int kEach = 10;
  open_family(family("s1"));
  std::atomic<int> rotated = 0;
  std::atomic<int> repeated = 0;
  std::latch answered(kLoops * kEach);
  std::vector<std::unique_ptr<LoopThread>> threads;
  std::vector<std::vector<net::Operation>> operations(kLoops);
  for (int i = 0; i < kLoops; ++i) threads.push_back(std::make_unique<LoopThread>());
  for (int i = 0; i < kLoops; ++i) {
    net::EventLoop& loop = threads[static_cast<std::size_t>(i)]->loop();
    loop.post([&, i] {
      for (int k = 0; k < kEach; ++k)
        operations[static_cast<std::size_t>(i)].push_back(
            store_->rotate(loop, use(0), kNow, [&](Result<Rotation> rotation) {
              if (rotation && rotation->outcome == RotateOutcome::rotated) ++rotated;
              if (rotation && rotation->outcome == RotateOutcome::repeated) ++repeated;
              answered.count_down();
            }));
    });
  }
  answered.wait();
  for (int i = 0; i < kLoops; ++i)
    threads[static_cast<std::size_t>(i)]->run([&] { operations[static_cast<std::size_t>(i)].clear(); });
  EXPECT_EQ(rotated, 1);
  EXPECT_EQ(repeated, kLoops * kEach - 1);
  EXPECT_EQ(rotate(1, kNow), RotateOutcome::rotated);
}

TEST_P(EachStore, RevokedSessionIsOverForItsFamilyAlone) {
  open_family(family("s1"));
  open_family(family("s2"), 50);
  ASSERT_TRUE(client_->revoke({RevokedKind::session, "s1", kNow + 5, kNow + 1000}));
  EXPECT_EQ(find(0, kNow + 5), RotateOutcome::revoked);
  EXPECT_EQ(rotate(0, kNow + 5), RotateOutcome::revoked);
  EXPECT_EQ(rotate(50, kNow + 5), RotateOutcome::rotated);
}

TEST_P(EachStore, RevokedTokenEndsNoFamily) {
  open_family(family("s1"));
  ASSERT_TRUE(client_->revoke({RevokedKind::token, "s1", kNow, kNow + 1000}));
  EXPECT_EQ(rotate(0, kNow), RotateOutcome::rotated);
  EXPECT_EQ(client_->load_revocations(kNow)->front().kind, RevokedKind::token);
}

TEST_P(EachStore, RevokedSubjectLosesTheFamiliesOpenedByThen) {
  Family before = family("s1", "users:1");
  Family at = family("s2", "users:1");
  at.created_at = kNow + 10;
  Family after = family("s3", "users:1");
  after.created_at = kNow + 11;
  open_family(before, 100);
  open_family(at, 200);
  open_family(after, 300);
  open_family(family("s4", "users:2"), 400);
  ASSERT_TRUE(client_->revoke({RevokedKind::subject, "users:1", kNow + 10, kNow + 1000}));
  EXPECT_EQ(find(100, kNow + 20), RotateOutcome::revoked);
  EXPECT_EQ(find(200, kNow + 20), RotateOutcome::revoked);
  EXPECT_EQ(find(300, kNow + 20), RotateOutcome::rotated);
  EXPECT_EQ(find(400, kNow + 20), RotateOutcome::rotated);
}

TEST_P(EachStore, FamilyOpenedLateByALoginThatIsOlderThanTheRevocationBeginsRevoked) {
  ASSERT_TRUE(client_->revoke({RevokedKind::subject, "users:1", kNow, kNow + 1000}));
  open_family(family("s1"), 100);
  Family later = family("s2");
  later.created_at = kNow + 1;
  open_family(later, 200);
  EXPECT_EQ(find(100, kNow + 1), RotateOutcome::revoked);
  EXPECT_EQ(find(200, kNow + 1), RotateOutcome::rotated);
}

TEST_P(EachStore, RevocationsAreLoadedUntilTheyHaveServed) {
  ASSERT_TRUE(client_->revoke({RevokedKind::session, "s1", kNow, kNow + 10}));
  ASSERT_TRUE(client_->revoke({RevokedKind::subject, "u", kNow, kNow + 20}));
  EXPECT_EQ(client_->load_revocations(kNow + 9)->size(), 2u);
  EXPECT_EQ(client_->load_revocations(kNow + 10)->size(), 1u);
  EXPECT_EQ(client_->load_revocations(kNow + 20)->size(), 0u);
}

TEST_P(EachStore, RevokingAgainOnlyWidens) {
  ASSERT_TRUE(client_->revoke({RevokedKind::subject, "u", kNow + 5, kNow + 100}));
  ASSERT_TRUE(client_->revoke({RevokedKind::subject, "u", kNow, kNow + 50}));
  const auto loaded = client_->load_revocations(kNow);
  ASSERT_EQ(loaded->size(), 1u);
  EXPECT_EQ(loaded->front().at, kNow + 5);
  EXPECT_EQ(loaded->front().until, kNow + 100);
}

TEST_P(EachStore, WatcherHearsOfARevocationBeforeItsMakerHasAnAnswer) {
  LoopThread other;
  std::promise<Revocation> heard_elsewhere;
  net::Operation elsewhere;
  other.run([&] {
    elsewhere = store_->watch_revocations(
        other.loop(), [&](const Revocation& revoked) { heard_elsewhere.set_value(revoked); });
  });
  std::vector<std::string> heard;
  net::Operation here;
  client_->thread().run([&] {
    here = store_->watch_revocations(client_->thread().loop(),
                                     [&](const Revocation& revoked) { heard.push_back(revoked.value); });
  });
  const auto answered = client_->thread().await<std::monostate>([&](auto done) {
    return store_->revoke(client_->thread().loop(), {RevokedKind::session, "s1", kNow, kNow + 10},
                          [&heard, done = std::move(done)](Result<std::monostate> result) mutable {
                            heard.push_back("answer");
                            done(std::move(result));
                          });
  });
  ASSERT_TRUE(answered);
  EXPECT_THAT(heard, testing::ElementsAre("s1", "answer"));
  EXPECT_EQ(heard_elsewhere.get_future().get().value, "s1");
  other.run([&] { elsewhere.reset(); });
  client_->thread().run([&] { here.reset(); });
}

TEST_P(EachStore, WatcherHearsOfReuseThoughTheThiefHungUp) {
  open_family(family("s1"));
  rotate(0, kNow);
  std::promise<std::string> heard;
  net::Operation watching;
  bool thief_was_answered = false;
  LoopThread& thread = client_->thread();
  thread.run([&] {
    watching = store_->watch_revocations(thread.loop(),
                                         [&](const Revocation& revoked) { heard.set_value(revoked.value); });
    net::Operation thief = store_->rotate(thread.loop(), use(0), kNow + 60,
                                          [&](Result<Rotation>) { thief_was_answered = true; });
    thief.reset();
  });
  EXPECT_EQ(heard.get_future().get(), "s1");
  thread.run([&] { watching.reset(); });
  EXPECT_EQ(rotate(1, kNow + 61), RotateOutcome::revoked);
  thread.run([&] { EXPECT_FALSE(thief_was_answered); });
}

TEST_P(EachStore, WatcherThatHasGoneHearsNothing) {
  int heard = 0;
  client_->thread().run([&] {
    net::Operation watching =
        store_->watch_revocations(client_->thread().loop(), [&](const Revocation&) { ++heard; });
    watching.reset();
  });
  ASSERT_TRUE(client_->revoke({RevokedKind::session, "s1", kNow, kNow + 10}));
  client_->thread().run([&] { EXPECT_EQ(heard, 0); });
}

TEST_P(EachStore, AttemptsAreCountedBeforeTheirOutcomeIsKnown) {
  const LockoutPolicy policy{3, 60s, 100s};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(attempt({"a"}, policy, kNow));
  const auto refused = client_->reserve({"a"}, policy, kNow + 1);
  EXPECT_FALSE(refused->allowed);
  EXPECT_EQ(refused->retry_after, 99s);
}

TEST_P(EachStore, LockOpensToTheSecondAndBeginsToCountAnew) {
  const LockoutPolicy policy{2, 60s, 100s};
  for (int i = 0; i < 2; ++i) attempt({"a"}, policy, kNow);
  EXPECT_FALSE(attempt({"a"}, policy, kNow + 99));
  EXPECT_TRUE(attempt({"a"}, policy, kNow + 100));
  EXPECT_TRUE(attempt({"a"}, policy, kNow + 100));
  EXPECT_FALSE(attempt({"a"}, policy, kNow + 101));
}

TEST_P(EachStore, KnockingAtALockedDoorDoesNotKeepItLocked) {
  const LockoutPolicy policy{1, 60s, 100s};
  attempt({"a"}, policy, kNow);
  for (WallSeconds t = kNow; t < kNow + 100; t += 10) EXPECT_FALSE(attempt({"a"}, policy, t));
  EXPECT_TRUE(attempt({"a"}, policy, kNow + 100));
}

TEST_P(EachStore, OnlyAttemptsWithinTheWindowCount) {
  const LockoutPolicy policy{3, 60s, 100s};
  EXPECT_TRUE(attempt({"a"}, policy, kNow));
  EXPECT_TRUE(attempt({"a"}, policy, kNow + 50));
  EXPECT_TRUE(attempt({"a"}, policy, kNow + 60)) << "the first no longer counts";
  EXPECT_TRUE(attempt({"a"}, policy, kNow + 61));
  EXPECT_FALSE(attempt({"a"}, policy, kNow + 61)) << "the window slides";
}

TEST_P(EachStore, AnyLockedKeyRefusesAndTheLongestWaitIsTold) {
  attempt({"account"}, {1, 60s, 50s}, kNow);
  attempt({"address"}, {1, 60s, 80s}, kNow);
  const auto refused = client_->reserve({"account", "address", "third"}, {1, 60s, 50s}, kNow);
  EXPECT_FALSE(refused->allowed);
  EXPECT_EQ(refused->retry_after, 80s);
  EXPECT_TRUE(attempt({"third"}, {1, 60s, 50s}, kNow)) << "a refused attempt counts nowhere";
}

TEST_P(EachStore, SuccessClearsItsCountersAndTheirLocks) {
  const LockoutPolicy policy{2, 60s, 100s};
  attempt({"a", "b"}, policy, kNow);
  attempt({"a"}, policy, kNow);
  EXPECT_FALSE(attempt({"a"}, policy, kNow));
  ASSERT_TRUE(client_->clear({"a"}));
  EXPECT_TRUE(attempt({"a"}, policy, kNow));
  EXPECT_TRUE(attempt({"b"}, policy, kNow));
  EXPECT_FALSE(attempt({"b"}, policy, kNow)) << "the other counter went on";
}

TEST_P(EachStore, ZeroFailuresIsNoLockout) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(attempt({"a"}, {0, 60s, 100s}, kNow));
}

TEST_P(EachStore, UnlockFreesOneAccountWhereverItWasLocked) {
  const LockoutPolicy policy{1, 60s, 100s};
  for (const char* key :
       {"account:u:1", "known:192.0.2.1:u:1", "account:u:11", "known:192.0.2.1:u:2", "address:x"})
    attempt({key}, policy, kNow);
  ASSERT_TRUE(client_->unlock("u:1"));
  EXPECT_TRUE(attempt({"account:u:1"}, policy, kNow));
  EXPECT_TRUE(attempt({"known:192.0.2.1:u:1"}, policy, kNow));
  for (const char* key : {"account:u:11", "known:192.0.2.1:u:2", "address:x"})
    EXPECT_FALSE(attempt({key}, policy, kNow)) << key;
}

TEST_P(EachStore, ListsTheFamiliesOfASubjectThatLive) {
  const auto open = [&](const std::string& id, const std::string& subject, WallSeconds at,
                        WallSeconds until) {
    Family family{id, subject, "b", "s", at, until, "192.0.2.1", "curl/8"};
    EXPECT_TRUE(client_->open_family(family, "hash of " + id + std::string(20, 'x')));
  };
  open("a", "u:1", kNow, kNow + 100);
  open("b", "u:1", kNow + 1, kNow + 100);
  open("c", "u:1", kNow + 2, kNow + 100);
  open("d", "u:1", kNow, kNow + 10);
  open("e", "u:2", kNow, kNow + 100);
  ASSERT_TRUE(client_->revoke({RevokedKind::session, "b", kNow + 3, kNow + 100}));
  const auto listed = client_->list_families("u:1", kNow + 10);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ(listed->at(0).id, "c") << "the latest first";
  EXPECT_EQ(listed->at(1).id, "a");
  EXPECT_EQ(listed->at(1).address, "192.0.2.1");
  EXPECT_EQ(listed->at(1).client, "curl/8");
}

TEST_P(EachStore, KeepsWhatAFamilyIsBoundTo) {
  Family family{"a", "u:1", "b", "s", kNow, kNow + 100};
  family.bound_key = "key";
  family.bound_certificate = "certificate";
  const std::string hash(32, 'h'), next(32, 'i');
  ASSERT_TRUE(client_->open_family(family, hash));
  const auto is_bound = [](const Family& kept) {
    return kept.bound_key == "key" && kept.bound_certificate == "certificate";
  };
  EXPECT_TRUE(is_bound(client_->find_family(hash, kNow)->family));
  EXPECT_TRUE(is_bound(client_->list_families("u:1", kNow)->at(0)));
  const auto rotated = client_->rotate({hash, next}, kNow);
  ASSERT_TRUE(rotated);
  EXPECT_TRUE(is_bound(rotated->family));
  EXPECT_TRUE(is_bound(client_->find_family(next, kNow)->family));
}

TEST_P(EachStore, RecordsAreFoundTakenOnceAndGoneInTime) {
  const std::string key("a\0b", 3);
  ASSERT_TRUE(client_->put_record({RecordKind::reset, key, "u:1", R"({"x":1})", kNow + 100}, kNow));
  ASSERT_TRUE(client_->put_record({RecordKind::api_key, "k1", "u:1", "{}", kNow + 100}, kNow));
  ASSERT_TRUE(client_->put_record({RecordKind::api_key, "k2", "u:2", "{}", kNow + 50}, kNow));
  EXPECT_EQ(client_->list_records(RecordKind::api_key, "", kNow)->size(), 2u);
  EXPECT_EQ(client_->list_records(RecordKind::api_key, "u:2", kNow)->size(), 1u);
  EXPECT_EQ((*client_->find_record(RecordKind::reset, key, kNow + 99))->value, R"({"x":1})");
  EXPECT_FALSE(*client_->find_record(RecordKind::api_key, key, kNow)) << "another kind";
  EXPECT_FALSE(*client_->find_record(RecordKind::reset, key, kNow + 100)) << "its time is over";
  EXPECT_EQ(client_->list_records(RecordKind::api_key, "", kNow + 60)->size(), 1u);
  EXPECT_EQ((*client_->take_record(RecordKind::reset, key, kNow))->owner, "u:1");
  EXPECT_FALSE(*client_->take_record(RecordKind::reset, key, kNow));
}

TEST_P(EachStore, TakingAResetTokenTakesTheOwnersOthersAndNothingElse) {
  const auto put = [&](RecordKind kind, const std::string& key, const std::string& owner) {
    EXPECT_TRUE(client_->put_record({kind, key, owner, "{}", kNow + 100}, kNow));
  };
  put(RecordKind::reset, "one", "u:1");
  put(RecordKind::reset, "two", "u:1");
  put(RecordKind::reset, "another's", "u:2");
  put(RecordKind::reset, "nobody's", "");
  put(RecordKind::reset, "nobody's, too", "");
  put(RecordKind::api_key, "key", "u:1");
  put(RecordKind::api_key, "other key", "u:1");
  EXPECT_TRUE(*client_->take_record(RecordKind::reset, "one", kNow));
  EXPECT_FALSE(*client_->take_record(RecordKind::reset, "two", kNow));
  EXPECT_TRUE(*client_->find_record(RecordKind::reset, "another's", kNow));
  EXPECT_TRUE(*client_->take_record(RecordKind::reset, "nobody's", kNow));
  EXPECT_TRUE(*client_->find_record(RecordKind::reset, "nobody's, too", kNow));
  EXPECT_TRUE(*client_->take_record(RecordKind::api_key, "key", kNow));
  EXPECT_TRUE(*client_->find_record(RecordKind::api_key, "other key", kNow));
}

TEST_P(EachStore, ParallelAttemptsCannotOutrunTheCounter) {
  constexpr int kAttempts = 40;
  std::atomic<int> allowed = 0;
  std::latch answered(kAttempts);
  std::vector<net::Operation> operations;
  LoopThread& thread = client_->thread();
  thread.run([&] {
    for (int i = 0; i < kAttempts; ++i)
      operations.push_back(
          store_->reserve_attempt(thread.loop(), {"a"}, {5, 60s, 60s}, kNow, [&](Result<Attempt> a) {
            if (a && a->allowed) ++allowed;
            answered.count_down();
          }));
  });
  answered.wait();
  thread.run([&] { operations.clear(); });
  EXPECT_EQ(allowed, 5);
}

TEST_P(EachStore, AddressIsKnownForThirtyDaysSinceTheLastSignIn) {
  ASSERT_TRUE(client_->remember_address("users:1", "192.0.2.1", kNow));
  EXPECT_TRUE(*client_->knows_address("users:1", "192.0.2.1", kNow + 30 * kDay - 1));
  EXPECT_FALSE(*client_->knows_address("users:1", "192.0.2.1", kNow + 30 * kDay));
  EXPECT_FALSE(*client_->knows_address("users:1", "192.0.2.2", kNow));
  EXPECT_FALSE(*client_->knows_address("users:2", "192.0.2.1", kNow));
  ASSERT_TRUE(client_->remember_address("users:1", "192.0.2.1", kNow + 5));
  EXPECT_TRUE(*client_->knows_address("users:1", "192.0.2.1", kNow + 30 * kDay));
}

TEST_P(EachStore, RestartKeepsEverything) {
  const LockoutPolicy policy{1, 60s, 1000s};
  open_family(family("s1"));
  open_family(family("s2"), 50);
  rotate(0, kNow);
  ASSERT_TRUE(client_->revoke({RevokedKind::session, "s2", kNow, kNow + 1000}));
  attempt({"a"}, policy, kNow);
  ASSERT_TRUE(client_->remember_address("users:1", "192.0.2.1", kNow));
  restart();
  EXPECT_EQ(rotate(0, kNow + 10), RotateOutcome::repeated);
  EXPECT_EQ(rotate(1, kNow + 10), RotateOutcome::rotated);
  EXPECT_EQ(rotate(50, kNow + 10), RotateOutcome::revoked);
  EXPECT_EQ(client_->load_revocations(kNow + 10)->size(), 1u);
  EXPECT_FALSE(attempt({"a"}, policy, kNow + 10));
  EXPECT_TRUE(*client_->knows_address("users:1", "192.0.2.1", kNow + 10));
}

// What one store dumps another restores, of whatever kind: the sessions go on.
void expect_moved(StoreClient& from, StoreClient& to) {
  const auto dump = from.dump(kNow + 5);
  ASSERT_TRUE(dump) << dump.error().detail;
  ASSERT_TRUE(to.restore(*dump, kNow + 5));
  ASSERT_TRUE(to.restore(*dump, kNow + 5)) << "again is no harm";
  const auto rotate = [&](int token, WallSeconds now) { return to.rotate(use(token), now)->outcome; };
  EXPECT_EQ(rotate(1, kNow + 5), RotateOutcome::repeated) << "its successor was made lately";
  EXPECT_EQ(rotate(2, kNow + 6), RotateOutcome::rotated);
  EXPECT_EQ(rotate(0, kNow + 60), RotateOutcome::reused) << "used tokens are remembered";
  EXPECT_EQ(rotate(50, kNow + 6), RotateOutcome::revoked);
  EXPECT_EQ(rotate(90, kNow + 6), RotateOutcome::unknown) << "it had expired";
  EXPECT_EQ(to.load_revocations(kNow + 6)->size(), 2u) << "one of them just now";
  EXPECT_EQ((*to.find_record(RecordKind::api_key, "k", kNow + 6))->value, "{}");
}

TEST_P(EachStore, MovesToAnotherStoreWithItsSessions) {
  open_family(family("s1"));
  open_family(family("s2"), 50);
  Family over = family("s3");
  over.expires_at = kNow + 3;
  open_family(over, 90);
  rotate(0, kNow);
  rotate(1, kNow + 1);
  ASSERT_TRUE(client_->revoke({RevokedKind::session, "s2", kNow + 1, kNow + 1000}));
  ASSERT_TRUE(client_->put_record({RecordKind::api_key, "k", "u:1", "{}", kNow + 1000}, kNow));
  const auto other = SqliteStore::open({.path = dir_ / "other.db"});
  ASSERT_TRUE(other);
  StoreClient other_client(**other);
  expect_moved(*client_, other_client);
  other_client.thread().run([] {});
}

TEST_P(EachStore, TakesInWhatAnotherStoreHad) {
  auto other = SqliteStore::open({.path = dir_ / "other.db"});
  ASSERT_TRUE(other);
  StoreClient from(**other);
  ASSERT_TRUE(from.open_family(family("s1"), hash(0)));
  ASSERT_TRUE(from.open_family(family("s2"), hash(50)));
  Family over = family("s3");
  over.expires_at = kNow + 3;
  ASSERT_TRUE(from.open_family(over, hash(90)));
  ASSERT_TRUE(from.rotate(use(0), kNow));
  ASSERT_TRUE(from.rotate(use(1), kNow + 1));
  ASSERT_TRUE(from.revoke({RevokedKind::session, "s2", kNow + 1, kNow + 1000}));
  ASSERT_TRUE(from.put_record({RecordKind::api_key, "k", "u:1", "{}", kNow + 1000}, kNow));
  expect_moved(from, *client_);
  other->reset();
}

TEST_P(EachStore, AnswersNeverComeInsideTheCallNorAfterTheOperationHasGone) {
  LoopThread& thread = client_->thread();
  bool answered = false;
  thread.run([&] {
    net::Operation operation = store_->load_revocations(
        thread.loop(), kNow, [&](Result<std::vector<Revocation>>) { answered = true; });
    EXPECT_FALSE(answered);
  });
  ASSERT_TRUE(client_->load_revocations(kNow));
  thread.run([&] { EXPECT_FALSE(answered); });
}

TEST_P(EachStore, OddTextIsKeptAsItIs) {
  const std::string odd = std::string("a'b\"\xc3\xa9;--", 9) + std::string(2000, 'x');
  Family named = family("s1", odd);
  named.scope = "";
  open_family(named);
  EXPECT_EQ(client_->find_family(hash(0), kNow)->family.subject, odd);
  EXPECT_EQ(client_->find_family(hash(0), kNow)->family.scope, "");
}

Result<std::unique_ptr<Store>> open_sqlite(const std::string& place) {
  auto opened = SqliteStore::open({.path = place + ".db"});
  if (!opened) return opened.error();
  return std::unique_ptr<Store>(std::move(*opened));
}

// One server for all tests; each begins with an empty one.
Result<std::unique_ptr<Store>> open_redis(const std::string& place) {
  static test::ScratchDir folder;
  static test::RedisServer server(folder.path());
  static std::string last_place;
  if (std::exchange(last_place, place) != place) server.ask("FLUSHALL");
  RedisStore::Options options;
  options.redis.address = *parse_redis_url(server.url());
  options.redis.timeout = 10s;  // whatever a sanitizer costs
  options.redis.patience = 20s;
  options.encryption_keys = {SecretString(std::string(32, 'k'))};
  auto opened = RedisStore::open(std::move(options));
  if (!opened) return opened.error();
  return std::unique_ptr<Store>(std::move(*opened));
}

INSTANTIATE_TEST_SUITE_P(Stores, EachStore,
                         testing::Values(StoreKind{"sqlite", open_sqlite}, StoreKind{"redis", open_redis}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace gw::store
