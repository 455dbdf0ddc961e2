// SPDX-License-Identifier: Apache-2.0
#include "auth/lockout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>

#include "store/sqlite_store.h"
#include "support/failing_store.h"
#include "support/loop_thread.h"
#include "support/scratch_dir.h"

namespace gw::auth {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;
using Reservation = Lockout::Reservation;

constexpr WallSeconds kNow = 1'700'000'000;
constexpr WallSeconds kDay = 24 * 60 * 60;
constexpr LockoutOptions kOptions{3, 10min, 20min};

net::Address address(const std::string& literal) {
  return *net::Address::parse(literal, 4711);
}

class LockoutTest : public testing::Test {
 protected:
  LockoutTest() {
    auto opened = store::SqliteStore::open({.path = dir_ / "store.db"});
    EXPECT_TRUE(opened);
    store_ = std::move(*opened);
    lockout_ = std::make_unique<Lockout>(thread_.loop(), *store_, kOptions);
  }

  Result<Reservation> reserve(const Lockout::Attempt& attempt, WallSeconds now = kNow) {
    return thread_.await<Reservation>(
        [&](auto done) { return lockout_->reserve(attempt, now, std::move(done)); });
  }
  // An attempt at a password that is wrong; whether it was let through.
  bool fail(const std::string& username, std::optional<std::string> subject, const std::string& from,
            WallSeconds now = kNow) {
    const auto reservation = reserve({username, std::move(subject), address(from)}, now);
    EXPECT_TRUE(reservation);
    return reservation && reservation->allowed;
  }
  bool sign_in(const std::string& username, const std::string& subject, const std::string& from,
               WallSeconds now = kNow) {
    auto reservation = reserve({username, subject, address(from)}, now);
    EXPECT_TRUE(reservation);
    if (!reservation || !reservation->allowed) return false;
    const auto cleared = thread_.await<std::monostate>([&](auto done) {
      return lockout_->succeed(std::move(*reservation), subject, address(from), now, std::move(done));
    });
    EXPECT_TRUE(cleared);
    return true;
  }

  test::ScratchDir dir_;
  test::LoopThread thread_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Lockout> lockout_;
};

TEST_F(LockoutTest, AccountIsLockedAfterItsFailuresWhereverTheyComeFrom) {
  EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1"));
  EXPECT_TRUE(fail("alice", "users:1", "198.51.100.1"));
  EXPECT_TRUE(fail("alice", "users:1", "203.0.113.1"));
  const auto refused = reserve({"alice", "users:1", address("203.0.113.200")});
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->allowed);
  EXPECT_EQ(refused->retry_after, 20min);
}

TEST_F(LockoutTest, AllNamesOfAnAccountCountAsOne) {
  EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1"));
  EXPECT_TRUE(fail("ALICE", "users:1", "192.0.2.2"));
  EXPECT_TRUE(fail("alice@example.com", "users:1", "192.0.2.3"));
  EXPECT_FALSE(fail("Alice", "users:1", "192.0.2.4"));
}

TEST_F(LockoutTest, UnknownUsersCountAlikeWhateverTheirSpelling) {
  EXPECT_TRUE(fail("nobody", std::nullopt, "192.0.2.1"));
  EXPECT_TRUE(fail(" NoBody\t", std::nullopt, "192.0.3.2"));
  EXPECT_TRUE(fail("NOBODY", std::nullopt, "192.0.4.3"));
  EXPECT_FALSE(fail("nobody", std::nullopt, "192.0.2.4"));
  EXPECT_TRUE(fail("somebody", std::nullopt, "198.51.100.4"));
}

TEST_F(LockoutTest, AddressIsLockedAfterItsFailuresWhomeverTheyAreFor) {
  EXPECT_TRUE(fail("a", "users:1", "192.0.2.1"));
  EXPECT_TRUE(fail("b", "users:2", "192.0.2.1"));
  EXPECT_TRUE(fail("c", std::nullopt, "192.0.2.1"));
  EXPECT_FALSE(fail("d", "users:4", "192.0.2.1"));
  EXPECT_FALSE(fail("d", "users:4", "192.0.2.2")) << "the neighbours are one network";
  EXPECT_TRUE(fail("d", "users:4", "192.0.3.1"));
}

TEST_F(LockoutTest, AddressesOfOneIpv6NetworkCountAsOne) {
  EXPECT_TRUE(fail("a", std::nullopt, "2001:db8::1"));
  EXPECT_TRUE(fail("b", std::nullopt, "2001:db8::ffff:2"));
  EXPECT_TRUE(fail("c", std::nullopt, "2001:db8:0:0:1:2:3:4"));
  EXPECT_FALSE(fail("d", std::nullopt, "2001:db8::3"));
  EXPECT_TRUE(fail("d", std::nullopt, "2001:db8:0:1::3"));
}

TEST_F(LockoutTest, SuccessResetsTheCounters) {
  EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1"));
  EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1"));
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1")) << "the third and last";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1"));
  EXPECT_FALSE(fail("alice", "users:1", "192.0.2.1"));
}

TEST_F(LockoutTest, StrangersCannotLockAUserOutWhereTheySignedInBefore) {
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fail("alice", "users:1", "198.51.100.1"));
  EXPECT_FALSE(fail("alice", "users:1", "203.0.113.1")) << "locked for strangers";
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1"));
}

TEST_F(LockoutTest, StrangersBehindTheSameAddressCannotEither) {
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1"));
  for (const char* name : {"x", "y", "z"}) EXPECT_TRUE(fail(name, std::nullopt, "192.0.2.1"));
  EXPECT_FALSE(fail("w", std::nullopt, "192.0.2.1"));
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1"));
}

TEST_F(LockoutTest, KnownAddressHasALockOfItsOwn) {
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1"));
  EXPECT_FALSE(sign_in("alice", "users:1", "192.0.2.1"));
  EXPECT_TRUE(sign_in("alice", "users:1", "198.51.100.1"));
}

TEST_F(LockoutTest, AddressIsAStrangersAgainAfterThirtyDays) {
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1", kNow));
  const WallSeconds later = kNow + 30 * kDay;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fail("alice", "users:1", "198.51.100.1", later));
  EXPECT_FALSE(sign_in("alice", "users:1", "192.0.2.1", later));
}

// Many at once; how many were let in at all.
class Crowd {
 public:
  Crowd(test::LoopThread& thread, Lockout& lockout, int size) : thread_(thread), lockout_(lockout) {
    logins_.resize(static_cast<std::size_t>(size));
  }
  ~Crowd() {
    thread_.run([&] { logins_.clear(); });
  }
  // Whether the i-th knows the password; all come from one address.
  int try_all(const std::function<bool(int)>& is_good, const std::function<std::string(int)>& account) {
    thread_.run([&] {
      for (std::size_t i = 0; i < logins_.size(); ++i) {
        const std::string name = account(static_cast<int>(i));
        auto reserved = [this, i, name,
                         good = is_good(static_cast<int>(i))](Result<Reservation> reservation) {
          if (!reservation || !reservation->allowed) return finish();
          ++let_in_;
          if (!good) return finish();  // and the reservation goes
          logins_[i] = lockout_.succeed(std::move(*reservation), "users:" + name, address("192.0.2.7"), kNow,
                                        [this](Result<std::monostate>) { finish(); });
        };
        logins_[i] =
            lockout_.reserve({name, "users:" + name, address("192.0.2.7")}, kNow, std::move(reserved));
      }
    });
    EXPECT_EQ(all_.get_future().wait_for(20s), std::future_status::ready) << "somebody waits for ever";
    return let_in_;
  }

 private:
  void finish() {
    if (++finished_ == logins_.size()) all_.set_value();
  }

  test::LoopThread& thread_;
  Lockout& lockout_;
  std::vector<net::Operation> logins_;
  std::promise<void> all_;
  std::atomic<int> let_in_ = 0;
  std::size_t finished_ = 0;
};

TEST_F(LockoutTest, GoodAttemptsAtOnceLockNobodyOut) {
  const auto everyone = [](int i) { return "user" + std::to_string(i); };
  EXPECT_EQ(Crowd(thread_, *lockout_, 200).try_all([](int) { return true; }, everyone), 200);
  const auto same = [](int) { return std::string("alice"); };
  EXPECT_EQ(Crowd(thread_, *lockout_, 50).try_all([](int) { return true; }, same), 50);
  EXPECT_TRUE(fail("bob", "users:bob", "192.0.2.7")) << "nothing is left";
}

TEST_F(LockoutTest, GuessesAtOnceGetNoMoreTriesThanTheLimit) {
  const auto alice = [](int) { return std::string("alice"); };
  EXPECT_EQ(Crowd(thread_, *lockout_, 200).try_all([](int) { return false; }, alice), 3);
  EXPECT_FALSE(fail("alice", "users:alice", "198.51.100.1"));
}

TEST_F(LockoutTest, GuessesAreCountedThoughOthersSignInFromTheSameAddress) {
  // Every tenth is one of 19 who know their passwords; the others guess alice's, of which three are let in.
  const auto who = [](int i) { return i % 10 == 0 ? "user" + std::to_string(i) : std::string("alice"); };
  const int let_in = Crowd(thread_, *lockout_, 190).try_all([](int i) { return i % 10 == 0; }, who);
  EXPECT_LE(let_in, 19 + 3);
  EXPECT_FALSE(fail("alice", "users:alice", "198.51.100.1"));
}

TEST_F(LockoutTest, WhoWaitsIsToldWhenTheOthersHaveGone) {
  std::vector<Reservation> held;
  for (int i = 0; i < 3; ++i) held.push_back(std::move(*reserve({"alice", "users:1", address("192.0.2.1")})));
  std::promise<bool> told;
  net::Operation waiting;
  thread_.run([&] {
    waiting = lockout_->reserve({"alice", "users:1", address("192.0.2.1")}, kNow,
                                [&](Result<Reservation> late) { told.set_value(late->allowed); });
  });
  auto answer = told.get_future();
  held.pop_back();
  held.pop_back();
  EXPECT_EQ(answer.wait_for(50ms), std::future_status::timeout) << "one may still be good";
  held.clear();
  EXPECT_FALSE(answer.get());
  thread_.run([&] { waiting.reset(); });

  held.push_back(std::move(*reserve({"bob", "users:2", address("198.51.100.1")})));
  thread_.run([&] {
    waiting = lockout_->reserve({"bob", "users:2", address("198.51.100.1")}, kNow, [](auto) { FAIL(); });
    waiting.reset();
  });
}

TEST_F(LockoutTest, LockOpensByItself) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1"));
  EXPECT_EQ(reserve({"alice", "users:1", address("192.0.2.1")}, kNow + 1199)->retry_after, 1s);
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1", kNow + 1200));
}

TEST_F(LockoutTest, LocksThatFollowEachOtherDoubleUpToADay) {
  WallSeconds now = kNow;
  for (const Duration wait : {20min, 40min, 80min, 160min, 320min, 640min, 1280min, 1440min, 1440min}) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1", now));
    const auto refused = reserve({"alice", "users:1", address("192.0.2.1")}, now);
    EXPECT_EQ(refused->retry_after, wait);
    now += std::chrono::duration_cast<std::chrono::seconds>(wait).count();
  }
  EXPECT_TRUE(sign_in("alice", "users:1", "192.0.2.1", now));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fail("alice", "users:1", "192.0.2.1", now));
  EXPECT_EQ(reserve({"alice", "users:1", address("192.0.2.1")}, now)->retry_after, 20min)
      << "success forgets";
}

TEST_F(LockoutTest, WhatWasTypedAsANameIsNotKept) {
  const auto reservation = reserve({"correct horse battery staple", std::nullopt, address("192.0.2.1")});
  EXPECT_THAT(reservation->turn.keys(), Each(Not(HasSubstr("horse"))));
  const auto huge = reserve({std::string(100'000, 'u'), std::nullopt, address("192.0.2.1")});
  for (const std::string& key : huge->turn.keys()) EXPECT_LT(key.size(), 64u);
}

TEST_F(LockoutTest, NamesCannotPassForAccountsOrAddresses) {
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(fail("account:users:1", std::nullopt, "192.0." + std::to_string(i + 1) + ".1"));
  EXPECT_TRUE(fail("alice", "users:1", "192.0.2.9"));
}

TEST_F(LockoutTest, StoreThatIsAwayLetsNobodyGuess) {
  test::FailingStore away(Fault::store_unavailable);
  lockout_ = std::make_unique<Lockout>(thread_.loop(), away, kOptions);
  EXPECT_EQ(reserve({"alice", "users:1", address("192.0.2.1")}).error().fault, Fault::store_unavailable);
  EXPECT_EQ(reserve({"alice", std::nullopt, address("192.0.2.1")}).error().fault, Fault::store_unavailable);
  const auto cleared = thread_.await<std::monostate>([&](auto done) {
    Reservation held{true, 0s, store::Turnstile::begin(store_->turnstile(), {"a"})};
    return lockout_->succeed(std::move(held), "users:1", address("192.0.2.1"), kNow, std::move(done));
  });
  EXPECT_EQ(cleared.error().fault, Fault::store_unavailable);
}

TEST(LockoutAddress, IsOneSpellingPerNetwork) {
  EXPECT_EQ(format_lockout_address(address("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(format_lockout_address(address("::ffff:192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(format_network(address("192.0.2.1")), "192.0.2.0/24");
  EXPECT_EQ(format_network(address("::ffff:192.0.2.255")), "192.0.2.0/24");
  EXPECT_EQ(format_network(address("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
  EXPECT_EQ(format_lockout_address(address("2001:db8:0:1:2:3:4:5")), "2001:db8:0:1::/64");
  EXPECT_EQ(format_lockout_address(address("::1")), "::/64");
}

}  // namespace
}  // namespace gw::auth
