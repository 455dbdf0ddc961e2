// SPDX-License-Identifier: Apache-2.0
// What the store does with its Redis, beyond what every store does: secrets, outages, other replicas.
#include "store/redis_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "support/redis_server.h"
#include "support/scratch_dir.h"
#include "support/store_client.h"

namespace gw::store {
namespace {

using test::StoreClient;

constexpr WallSeconds kNow = 1'700'000'000;

SecretString key(char c) {
  return SecretString(std::string(32, c));
}

Family family(const std::string& id) {
  return {id, "users:alice", "users", "orders:read", kNow, kNow + 1000, "192.0.2.7", "client"};
}
std::string hash(int n) {
  return std::string(28, 'h') + std::to_string(1000 + n);
}

// One replica.
struct Replica {
  explicit Replica(std::unique_ptr<RedisStore> opened) : store(std::move(opened)), client(*store) {
    client.thread().run([this] {
      watching = store->watch_revocations(client.thread().loop(), [this](const Revocation& revocation) {
        const std::lock_guard lock(mutex);
        heard.push_back(revocation.value);
        changed.notify_all();
      });
    });
  }
  ~Replica() {
    client.thread().run([this] { watching.reset(); });
    store.reset();
  }
  bool hears(const std::string& value) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 30s, [&] { return std::count(heard.begin(), heard.end(), value) > 0; });
  }
  RotateOutcome rotate(int token, WallSeconds now = kNow) {
    const auto rotated = client.rotate({hash(token), hash(token + 1), 10s, kNow + 500}, now);
    EXPECT_TRUE(rotated) << rotated.error().detail;
    return rotated ? rotated->outcome : RotateOutcome::unknown;
  }
  template <class Condition>
  bool reaches(Condition condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> heard;
  net::Operation watching;
  std::unique_ptr<RedisStore> store;
  StoreClient client;
};

class RedisStoreTest : public testing::Test {
 protected:
  RedisStore::Options options(Duration timeout = 5s) {
    RedisStore::Options options;
    options.redis.address = *parse_redis_url(server_.url());
    options.redis.timeout = timeout;
    options.encryption_keys = {key('k')};
    return options;
  }
  std::unique_ptr<Replica> replica(Duration timeout = 5s) {
    auto opened = RedisStore::open(options(timeout));
    EXPECT_TRUE(opened) << opened.error().detail;
    return std::make_unique<Replica>(std::move(*opened));
  }
  std::string everything_on_disk() const {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }

  test::ScratchDir dir_;
  test::RedisServer server_{dir_.path()};
};

TEST_F(RedisStoreTest, NothingThatTellsAPersonOrATokenIsReadableInRedis) {
  const auto one = replica();
  ASSERT_TRUE(one->client.open_family(family("session-1"), hash(0)));
  ASSERT_TRUE(one->client.revoke({RevokedKind::subject, "users:bob", kNow, kNow + 50, "https://issuer"}));
  ASSERT_TRUE(one->client.remember_address("users:alice", "192.0.2.7", kNow));
  ASSERT_TRUE(one->client.reserve({"account:users:alice", "known:192.0.2.7:users:alice"}, {5}, kNow));
  ASSERT_TRUE(
      one->client.put_record({RecordKind::api_key, "key-1", "users:alice", "content", kNow + 9}, kNow));
  const std::string disk = everything_on_disk();
  ASSERT_NE(disk.find("{gw}:"), std::string::npos) << "nothing has been written where we look";
  for (const char* word : {"alice", "bob", "192.0.2.7", "issuer", "orders", "session-1", "key-1", "content"})
    EXPECT_EQ(disk.find(word), std::string::npos) << word;
}

TEST_F(RedisStoreTest, ReplicasShareFamiliesAndHearOfEachOthersRevocations) {
  const auto one = replica(), two = replica();
  ASSERT_TRUE(one->client.open_family(family("s1"), hash(0)));
  EXPECT_EQ(two->rotate(0), RotateOutcome::rotated);
  EXPECT_EQ(one->rotate(0), RotateOutcome::repeated);
  EXPECT_EQ(two->rotate(0, kNow + 60), RotateOutcome::reused);
  EXPECT_TRUE(one->hears("s1"));
  EXPECT_TRUE(two->hears("s1"));
  EXPECT_EQ(one->rotate(1), RotateOutcome::revoked);
  EXPECT_EQ(one->store->derive("x"), two->store->derive("x"));
}

TEST_F(RedisStoreTest, WhatWasRevokedDuringABreakIsHeardAfterIt) {
  const auto one = replica();
  ASSERT_TRUE(one->client.revoke({RevokedKind::session, "before", kNow, kNow + 100}));
  ASSERT_TRUE(one->hears("before"));
  const auto two = replica();
  ASSERT_TRUE(two->reaches([&] { return two->store->revocation_lag() < 1s; }));
  // Both lose their connections again and again while one goes on revoking.
  for (int i = 0; i < 20; ++i) {
    server_.ask("CLIENT KILL TYPE normal SKIPME yes");
    const Revocation revocation{RevokedKind::session, "r" + std::to_string(i), kNow, kNow + 100};
    bool acknowledged = false;
    for (int tries = 0; tries < 50 && !acknowledged; ++tries)
      acknowledged = bool(one->client.revoke(revocation));
    ASSERT_TRUE(acknowledged) << i;
  }
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(two->hears("r" + std::to_string(i))) << i;
}

TEST_F(RedisStoreTest, WhatWasRevokedBeforeTheFirstLookAtTheStreamIsHeard) {
  const auto one = replica();
  server_.ask("ACL SETUSER default -xrevrange");
  const auto two = replica();
  ASSERT_TRUE(one->client.revoke({RevokedKind::session, "early", kNow, kNow + 100}));
  server_.ask("ACL SETUSER default +xrevrange");
  EXPECT_TRUE(two->hears("early"));
}

TEST_F(RedisStoreTest, WhatTheStreamNoLongerHasIsReadFromTheList) {
  const auto one = replica();
  ASSERT_TRUE(one->client.revoke({RevokedKind::session, "first", kNow, kNow + 100}));
  ASSERT_TRUE(one->hears("first"));
  {
    // Another made one and the stream was cut, while our connections were gone.
    const auto two = replica();
    server_.freeze();
    ASSERT_TRUE(one->reaches([&] { return one->store->revocation_lag() > 3s; }));
    server_.thaw();
    server_.ask("CLIENT PAUSE 1500 ALL");
    ASSERT_TRUE(two->reaches([&] {
      return bool(two->client.revoke({RevokedKind::session, "missed", kNow, kNow + 100}));
    }));
    server_.ask("XTRIM {gw}:rs MAXLEN 0");
  }
  server_.ask("CLIENT KILL TYPE normal SKIPME yes");
  EXPECT_TRUE(one->hears("missed"));
}

TEST_F(RedisStoreTest, AnswersInTimeWhileRedisIsFrozenAndGoesOnAfterwards) {
  const auto one = replica(200ms);
  ASSERT_TRUE(one->client.open_family(family("s1"), hash(0)));
  server_.freeze();
  for (int i = 0; i < 30; ++i) {
    const TimePoint begun = steady_now();
    const auto found = one->client.find_family(hash(0), kNow);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().fault, Fault::store_unavailable);
    EXPECT_LT(steady_now() - begun, 5s) << "far below what a frozen Redis would take";
  }
  EXPECT_FALSE(one->store->health().up);
  EXPECT_GT(one->store->revocation_lag(), 1s);
  server_.thaw();
  EXPECT_TRUE(one->reaches([&] { return bool(one->client.find_family(hash(0), kNow)); }));
  EXPECT_TRUE(one->reaches([&] { return one->store->revocation_lag() < 1s; }));
  EXPECT_EQ(one->rotate(0), RotateOutcome::rotated);
}

TEST_F(RedisStoreTest, ComesBackWithRedisAndNothingAcknowledgedIsLost) {
  const auto one = replica(200ms);
  ASSERT_TRUE(one->client.open_family(family("s1"), hash(0)));
  server_.kill();
  EXPECT_FALSE(one->client.find_family(hash(0), kNow));
  server_.start();
  EXPECT_TRUE(one->reaches([&] { return bool(one->client.find_family(hash(0), kNow)); }));
  EXPECT_EQ(one->rotate(0), RotateOutcome::rotated);
  EXPECT_GE(one->store->health().reconnects, 1u);
}

TEST_F(RedisStoreTest, AFullRedisRefusesWholeCallsAndServesAgainWhenThereIsRoom) {
  const auto one = replica();
  ASSERT_TRUE(one->client.open_family(family("s1"), hash(0)));
  server_.ask("CONFIG SET maxmemory-policy noeviction");
  server_.ask("CONFIG SET maxmemory 1");
  EXPECT_FALSE(one->client.open_family(family("s2"), hash(50)));
  const auto rotated = one->client.rotate({hash(0), hash(1), 10s, kNow}, kNow);
  ASSERT_FALSE(rotated);
  EXPECT_EQ(rotated.error().fault, Fault::store_unavailable);
  EXPECT_FALSE(one->client.revoke({RevokedKind::session, "s1", kNow, kNow + 100}));
  EXPECT_TRUE(one->client.find_family(hash(0), kNow)) << "reading goes on";
  server_.ask("CONFIG SET maxmemory 0");
  EXPECT_EQ(one->rotate(0), RotateOutcome::rotated) << "nothing had been done by halves";
  EXPECT_TRUE(one->client.load_revocations(kNow)->empty());
  EXPECT_EQ(one->client.find_family(hash(50), kNow)->outcome, RotateOutcome::unknown);
}

TEST_F(RedisStoreTest, AnotherEncryptionKeyIsRefusedAndAnOlderOneStillOpens) {
  { ASSERT_TRUE(replica()->client.open_family(family("s1"), hash(0))); }
  RedisStore::Options other = options();
  other.encryption_keys = {key('x')};
  const auto refused = RedisStore::open(std::move(other));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, testing::HasSubstr("encryption_keys"));
  RedisStore::Options rotated = options();
  rotated.encryption_keys = {key('x'), key('k')};
  auto opened = RedisStore::open(std::move(rotated));
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(Replica(std::move(*opened)).rotate(0), RotateOutcome::rotated);
}

TEST_F(RedisStoreTest, ARedisThatLostItsDataGetsTheSecretBack) {
  const auto one = replica();
  server_.ask("FLUSHALL");
  server_.ask("CLIENT KILL TYPE normal SKIPME yes");
  EXPECT_TRUE(one->reaches([&] { return bool(one->client.open_family(family("s1"), hash(0))); }));
  const auto two = replica();
  EXPECT_EQ(two->store->derive("x"), one->store->derive("x"));
  EXPECT_EQ(two->rotate(0), RotateOutcome::rotated);
}

TEST_F(RedisStoreTest, ChangedValuesAreNotBelieved) {
  const auto one = replica();
  ASSERT_TRUE(one->client.open_family(family("s1"), hash(0)));
  server_.ask(
      "EVAL \"for _,k in ipairs(redis.call('KEYS','{gw}:f:*')) do local b=redis.call('HGET',k,'b') "
      "redis.call('HSET',k,'b',string.sub(b,1,-2)..'x') end\" 0");
  const auto found = one->client.find_family(hash(0), kNow);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().fault, Fault::store_unavailable);
}

TEST_F(RedisStoreTest, WithoutRedisItDoesNotOpenAndSaysWhy) {
  server_.kill();
  RedisStore::Options away = options();
  away.start_timeout = 300ms;
  const auto opened = RedisStore::open(std::move(away));
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().detail, testing::HasSubstr("cannot connect"));
}

TEST_F(RedisStoreTest, OneLeadsOnceHappensOnceAndASwapNeedsWhatIsThere) {
  const auto one = replica(), two = replica();
  const auto leads = [](Replica& replica, const char* who) {
    return *replica.client.thread().await<bool>([&](auto done) {
      return replica.store->lead(replica.client.thread().loop(), "keys", who, 60s, std::move(done));
    });
  };
  EXPECT_TRUE(leads(*one, "one"));
  EXPECT_FALSE(leads(*two, "two"));
  EXPECT_TRUE(leads(*one, "one"));
  const auto is_first = [](Replica& replica, const char* id) {
    return *replica.client.thread().await<bool>([&](auto done) {
      return replica.store->happen_once(replica.client.thread().loop(), id, kNow + 60, kNow, std::move(done));
    });
  };
  EXPECT_TRUE(is_first(*one, "proof"));
  EXPECT_FALSE(is_first(*two, "proof"));
  EXPECT_TRUE(is_first(*two, "other"));
  const auto swap = [](Replica& replica, std::optional<std::string> before, const char* value) {
    return *replica.client.thread().await<bool>([&](auto done) {
      return replica.store->swap_record(replica.client.thread().loop(),
                                        {RecordKind::shared_files, "keys", "", value, kNow + 60},
                                        std::move(before), kNow, std::move(done));
    });
  };
  EXPECT_FALSE(swap(*one, "a", "b")) << "there is none";
  EXPECT_TRUE(swap(*one, std::nullopt, "a"));
  EXPECT_FALSE(swap(*two, std::nullopt, "b"));
  EXPECT_TRUE(swap(*two, "a", "b"));
  EXPECT_EQ((*one->client.find_record(RecordKind::shared_files, "keys", kNow))->value, "b");
}

TEST_F(RedisStoreTest, LeasesNeverGrantMoreThanTheRateAndTheQuota) {
  const auto one = replica();
  const auto lease = [&](RateLease wish) {
    return *one->client.thread().await<GrantedLease>(
        [&](auto done) { return one->store->lease(one->client.thread().loop(), wish, std::move(done)); });
  };
  const RateLease slow{1, 3'600'000'000, 10u * 3'600'000'000, 4, 0, 0, 0};  // ten, then one an hour
  EXPECT_EQ(lease(slow).granted, 4u);
  EXPECT_EQ(lease(slow).granted, 4u);
  const GrantedLease last = lease(slow);
  EXPECT_EQ(last.granted, 2u);
  EXPECT_EQ(lease(slow).granted, 0u);
  RateLease daily{2, 0, 0, 0, 19'000, 5, 3};
  EXPECT_EQ(lease(daily).from_quota, 3u);
  EXPECT_EQ(lease(daily).from_quota, 2u);
  EXPECT_EQ(lease(daily).from_quota, 0u);
  ++daily.day;
  EXPECT_EQ(lease(daily).from_quota, 3u);
  RateLease both = slow;
  both.key = 3;
  both.quota = 1;
  both.quota_wanted = 1;
  EXPECT_EQ(lease(both).from_quota, 1u);
  const GrantedLease none = lease(both);
  EXPECT_EQ(none.granted, 0u) << "a request needs both";
}

}  // namespace
}  // namespace gw::store
