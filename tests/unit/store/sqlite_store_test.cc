// SPDX-License-Identifier: Apache-2.0
// What is SQLite's own: the file, its schema, foreign and damaged files, the bounded queue, purging.
#include "store/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <utility>

#include "support/scratch_dir.h"
#include "support/store_client.h"

namespace gw::store {
namespace {

using test::LoopThread;
using test::StoreClient;
using testing::HasSubstr;

constexpr WallSeconds kNow = 1'700'000'000;

std::string refusal_of(const std::string& path) {
  const auto opened = SqliteStore::open({.path = path});
  if (opened) return "was opened";
  EXPECT_EQ(opened.error().fault, Fault::store_unavailable);
  return opened.error().detail;
}

mode_t mode_of(const std::string& path) {
  struct stat found {};
  EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 07777;
}

std::unique_ptr<SqliteDb> open_db(const std::string& path) {
  auto db = SqliteDb::open(path, 1s);
  EXPECT_TRUE(db);
  return std::move(*db);
}

class SqliteFile : public testing::Test {
 protected:
  test::ScratchDir dir_;
  const std::string path_ = dir_ / "store.db";
};

TEST_F(SqliteFile, IsForItsOwnerAloneWithItsLog) {
  const auto store = SqliteStore::open({.path = path_});
  ASSERT_TRUE(store);
  for (const char* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(mode_of(path_ + suffix), 0600u) << suffix;
}

TEST_F(SqliteFile, ThatWasOpenToOthersIsClosedToThem) {
  ASSERT_TRUE(SqliteStore::open({.path = path_}));
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  ASSERT_TRUE(SqliteStore::open({.path = path_}));
  EXPECT_EQ(mode_of(path_), 0600u);
}

TEST_F(SqliteFile, WritesAreSyncedAtEveryCommit) {
  ASSERT_TRUE(SqliteStore::open({.path = path_}));
  auto db = open_db(path_);
  EXPECT_EQ(*db->number("PRAGMA synchronous"), 2) << "FULL";
  Query mode = db->query("PRAGMA journal_mode");
  ASSERT_TRUE(*mode.next());
  EXPECT_EQ(mode.text(0), "wal");
}

TEST_F(SqliteFile, InAMissingDirectoryIsRefusedByName) {
  EXPECT_THAT(refusal_of(dir_ / "missing/store.db"),
              testing::AllOf(HasSubstr("missing/store.db"), HasSubstr("No such file")));
}

TEST_F(SqliteFile, ThatIsADirectoryIsRefused) {
  std::filesystem::create_directory(path_);
  EXPECT_THAT(refusal_of(path_), HasSubstr("is not a file"));
}

TEST_F(SqliteFile, OfAnotherKindIsRefusedAndLeftAlone) {
  const std::string text(5000, 'n');
  std::ofstream(path_) << text;
  EXPECT_THAT(refusal_of(path_), HasSubstr("not a database"));
  std::ifstream in(path_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
}

TEST_F(SqliteFile, OfAnotherProgramIsRefusedAndLeftAlone) {
  ASSERT_TRUE(open_db(path_)->execute("CREATE TABLE theirs(x)"));
  EXPECT_THAT(refusal_of(path_), HasSubstr("something else"));
  auto db = open_db(path_);
  EXPECT_EQ(*db->number("SELECT count(*) FROM sqlite_schema"), 1);
  EXPECT_EQ(*db->number("PRAGMA application_id"), 0);
}

TEST_F(SqliteFile, OfANewerGatewayIsRefused) {
  ASSERT_TRUE(SqliteStore::open({.path = path_}));
  ASSERT_TRUE(open_db(path_)->execute("PRAGMA user_version = 1000"));
  EXPECT_THAT(refusal_of(path_), HasSubstr("newer gateway"));
}

TEST_F(SqliteFile, ThatIsEmptyBecomesAStore) {
  std::ofstream(path_).flush();
  EXPECT_TRUE(SqliteStore::open({.path = path_}));
  EXPECT_EQ(*open_db(path_)->number("PRAGMA application_id"), 0x47575244);
  EXPECT_GE(*open_db(path_)->number("PRAGMA user_version"), 1);
}

TEST_F(SqliteFile, WithDamagedPagesIsRefusedAtTheStart) {
  {
    auto store = SqliteStore::open({.path = path_});
    ASSERT_TRUE(store);
    StoreClient client(**store);
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(client.revoke({RevokedKind::token, "jti-" + std::to_string(i), kNow, kNow + 100}));
    store->reset();
  }
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(static_cast<std::size_t>(std::filesystem::file_size(path_)) - 4096, '\x5a');
  file.close();
  EXPECT_THAT(refusal_of(path_), testing::AnyOf(HasSubstr("damaged"), HasSubstr("malformed")));
}

TEST_F(SqliteFile, CutShortIsRefusedAtTheStart) {
  ASSERT_TRUE(SqliteStore::open({.path = path_}));
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  EXPECT_THAT(refusal_of(path_), testing::AnyOf(HasSubstr("damaged"), HasSubstr("malformed")));
}

TEST_F(SqliteFile, IsSharedByTwoStores) {
  auto one = SqliteStore::open({.path = path_});
  auto two = SqliteStore::open({.path = path_});
  ASSERT_TRUE(one);
  ASSERT_TRUE(two);
  StoreClient first(**one);
  StoreClient second(**two);
  ASSERT_TRUE(first.open_family({"s1", "users:1", "users", "", kNow, kNow + 1000}, std::string(32, 'a')));
  const Presented token{std::string(32, 'a'), std::string(32, 'b'), 10s, kNow + 100};
  EXPECT_EQ(second.rotate(token, kNow)->outcome, RotateOutcome::rotated);
  EXPECT_EQ(first.rotate(token, kNow)->outcome, RotateOutcome::repeated);
  one->reset();
  two->reset();
}

TEST_F(SqliteFile, RevocationsOfOneProcessReachTheOthersWithinASecond) {
  auto one = SqliteStore::open({.path = path_});
  auto two = SqliteStore::open({.path = path_});
  ASSERT_TRUE(one);
  ASSERT_TRUE(two);
  StoreClient first(**one);
  StoreClient second(**two);
  for (int round = 0; round < 3; ++round) {
    std::promise<Revocation> heard;
    net::Operation watching;
    bool told = false;
    const std::string name = "jti-" + std::to_string(round);
    second.thread().run([&] {
      watching = (*two)->watch_revocations(second.thread().loop(), [&](const Revocation& revocation) {
        if (revocation.value == name && !std::exchange(told, true)) heard.set_value(revocation);
      });
    });
    const TimePoint before = steady_now();
    ASSERT_TRUE(first.revoke({RevokedKind::token, name, kNow, kNow + 100, "https://idp.example", false}));
    auto news = heard.get_future();
    ASSERT_EQ(news.wait_for(5s), std::future_status::ready);
    EXPECT_LT(steady_now() - before, 1s) << "measured from before it was written";
    EXPECT_EQ(news.get().issuer, "https://idp.example");
    second.thread().run([&] { watching.reset(); });
  }
  one->reset();
  two->reset();
}

TEST_F(SqliteFile, OfTheFirstVersionKeepsItsRevocations) {
  ASSERT_TRUE(SqliteStore::open({.path = path_}));
  ASSERT_TRUE(open_db(path_)->execute(
      "DROP TABLE revocations; CREATE TABLE revocations(kind INTEGER NOT NULL, value TEXT NOT NULL, "
      "at INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY(kind, value)) STRICT, WITHOUT ROWID; "
      "CREATE INDEX revocations_by_until ON revocations(until); "
      "INSERT INTO revocations VALUES(1, 's1', 1700000000, 1700001000); DROP TABLE records; "
      "ALTER TABLE families DROP COLUMN address; ALTER TABLE families DROP COLUMN client; "
      "ALTER TABLE families DROP COLUMN bound_key; ALTER TABLE families DROP COLUMN bound_certificate; "
      "ALTER TABLE families DROP COLUMN used_at; ALTER TABLE locks DROP COLUMN times; PRAGMA user_version = "
      "1"));
  auto store = SqliteStore::open({.path = path_});
  ASSERT_TRUE(store) << store.error().detail;
  StoreClient client(**store);
  const auto loaded = client.load_revocations(kNow);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->size(), 1u);
  EXPECT_EQ(loaded->front().kind, RevokedKind::session);
  EXPECT_EQ(loaded->front().value, "s1");
  EXPECT_EQ(loaded->front().issuer, "");
  EXPECT_TRUE(loaded->front().ends_sessions);
  store->reset();
}

TEST_F(SqliteFile, OfAVersionWithoutBindingsKeepsItsSessionsUnbound) {
  const std::string hash(32, 'h');
  {
    auto store = SqliteStore::open({.path = path_});
    ASSERT_TRUE(store);
    StoreClient client(**store);
    ASSERT_TRUE(client.open_family({"s1", "users:1", "users", "", kNow, kNow + 1000}, hash));
    store->reset();
  }
  ASSERT_TRUE(open_db(path_)->execute(
      "ALTER TABLE families DROP COLUMN bound_key; ALTER TABLE families DROP COLUMN bound_certificate; "
      "PRAGMA user_version = 3"));
  auto store = SqliteStore::open({.path = path_});
  ASSERT_TRUE(store) << store.error().detail;
  StoreClient client(**store);
  const auto found = client.find_family(hash, kNow);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->outcome, RotateOutcome::rotated);
  EXPECT_EQ(found->family.bound_key + found->family.bound_certificate, "");
  store->reset();
}

TEST_F(SqliteFile, HeldByAnotherProcessIsAFaultThatPasses) {
  auto store = SqliteStore::open({.path = path_, .busy_timeout = 1ms});
  ASSERT_TRUE(store);
  StoreClient client(**store);
  auto other = open_db(path_);
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE"));
  const auto refused = client.revoke({RevokedKind::token, "jti", kNow, kNow + 100});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::store_unavailable);
  ASSERT_TRUE(other->execute("ROLLBACK"));
  EXPECT_TRUE(client.revoke({RevokedKind::token, "jti", kNow, kNow + 100}));
  store->reset();
}

TEST_F(SqliteFile, JobThatFailsTakesNoOtherOfItsBatchWithIt) {
  auto store = SqliteStore::open({.path = path_});
  ASSERT_TRUE(store);
  StoreClient client(**store);
  LoopThread& thread = client.thread();
  std::vector<bool> succeeded;
  std::latch answered(20);
  std::vector<net::Operation> operations;
  thread.run([&] {
    for (int i = 0; i < 20; ++i) {
      // Every second one takes a session id that exists.
      const Family family{"s" + std::to_string(i / 2), "users:1", "users", "", kNow, kNow + 1000};
      operations.push_back((*store)->open_family(thread.loop(), family, "hash-" + std::to_string(i), kNow,
                                                 [&](Result<std::monostate> opened) {
                                                   succeeded.push_back(opened.ok());
                                                   answered.count_down();
                                                 }));
    }
  });
  answered.wait();
  thread.run([&] { operations.clear(); });
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(succeeded[i], i % 2 == 0) << i;
  EXPECT_EQ(client.find_family("hash-0", kNow)->outcome, RotateOutcome::rotated);
  EXPECT_EQ(client.find_family("hash-1", kNow)->outcome, RotateOutcome::unknown);
  store->reset();
}

TEST_F(SqliteFile, QueueIsBoundedAndSaysOverloaded) {
  auto store = SqliteStore::open({.path = path_, .busy_timeout = 60s, .queue = 4});
  ASSERT_TRUE(store);
  StoreClient client(**store);
  LoopThread& thread = client.thread();
  // The writer waits for the lock, so the queue fills behind it.
  auto other = open_db(path_);
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE"));
  constexpr int kCalls = 300;
  std::atomic<int> overloaded = 0;
  std::atomic<int> written = 0;
  std::latch refused(1);
  std::latch answered(kCalls);
  std::vector<net::Operation> operations;
  thread.run([&] {
    for (int i = 0; i < kCalls; ++i)
      operations.push_back(
          (*store)->revoke(thread.loop(), {RevokedKind::token, std::to_string(i), kNow, kNow + 9},
                           [&](Result<std::monostate> result) {
                             if (result) ++written;
                             if (!result && result.error().fault == Fault::overloaded && ++overloaded == 1)
                               refused.count_down();
                             answered.count_down();
                           }));
  });
  refused.wait();
  ASSERT_TRUE(other->execute("ROLLBACK"));
  answered.wait();
  thread.run([&] { operations.clear(); });
  EXPECT_GT(written, 0);
  EXPECT_EQ(written + overloaded, kCalls);
  EXPECT_EQ(client.load_revocations(kNow)->size(), static_cast<std::size_t>(written.load()));
  store->reset();
}

TEST_F(SqliteFile, WhatIsQueuedIsWrittenBeforeTheStoreGoes) {
  auto store = SqliteStore::open({.path = path_});
  ASSERT_TRUE(store);
  LoopThread thread;
  thread.run([&] {
    for (int i = 0; i < 100; ++i)
      (*store)
          ->revoke(thread.loop(), {RevokedKind::token, std::to_string(i), kNow, kNow + 9},
                   [](Result<std::monostate>) {})
          .reset();
  });
  store->reset();
  EXPECT_EQ(*open_db(path_)->number("SELECT count(*) FROM revocations"), 100);
}

TEST_F(SqliteFile, ExpiredRowsGoInPassing) {
  constexpr WallSeconds kDay = 24 * 60 * 60;
  auto store = SqliteStore::open({.path = path_});
  ASSERT_TRUE(store);
  StoreClient client(**store);
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_TRUE(client.open_family({"s" + n, "users:1", "users", "", kNow, kNow + 10}, "hash-" + n));
    ASSERT_TRUE(client.rotate({"hash-" + n, "next-" + n, 10s, kNow + 5}, kNow));
    ASSERT_TRUE(client.revoke({RevokedKind::session, "s" + n, kNow, kNow + 10}));
    ASSERT_TRUE(client.reserve({"once" + n}, {1, 5s, 5s}, kNow));
    ASSERT_TRUE(client.reserve({"often" + n}, {9, 5s, 5s}, kNow));
    ASSERT_TRUE(client.remember_address("users:1", n, kNow));
  }
  // Each of these commits removes some, and none removes all.
  ASSERT_TRUE(
      client.open_family({"live", "users:1", "users", "", kNow + 40 * kDay, kNow + 50 * kDay}, "live"));
  EXPECT_GT(*open_db(path_)->number("SELECT count(*) FROM tokens"), 1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.find_family("live", kNow + 40 * kDay));
  store->reset();
  auto db = open_db(path_);
  EXPECT_EQ(*db->number("SELECT count(*) FROM families"), 1);
  EXPECT_EQ(*db->number("SELECT count(*) FROM tokens"), 1);
  for (const char* sql : {"SELECT count(*) FROM revocations", "SELECT count(*) FROM attempts",
                          "SELECT count(*) FROM locks", "SELECT count(*) FROM addresses"})
    EXPECT_EQ(*db->number(sql), 0) << sql;
}

TEST_F(SqliteFile, KeepsTheHashAlone) {
  auto store = SqliteStore::open({.path = path_});
  ASSERT_TRUE(store);
  StoreClient client(**store);
  ASSERT_TRUE(client.open_family({"s1", "users:1", "users", "", kNow, kNow + 10}, std::string(32, 'h')));
  store->reset();
  auto db = open_db(path_);
  Query row = db->query("SELECT hash, typeof(hash) FROM tokens");
  ASSERT_TRUE(*row.next());
  EXPECT_EQ(row.text(0), std::string(32, 'h'));
  EXPECT_EQ(row.text(1), "blob");
}

}  // namespace
}  // namespace gw::store
