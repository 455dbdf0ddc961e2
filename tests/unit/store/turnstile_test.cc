// SPDX-License-Identifier: Apache-2.0
#include "store/turnstile.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "support/loop_thread.h"

namespace gw::store {
namespace {

using Outcome = Turnstile::Outcome;

class TurnstileTest : public testing::Test {
 protected:
  Turnstile::Turn begin(std::vector<std::string> keys) {
    return Turnstile::begin(turnstile_, std::move(keys));
  }
  // What one who was refused is told.
  struct Waiting {
    std::shared_ptr<std::promise<Outcome>> told = std::make_shared<std::promise<Outcome>>();
    std::future<Outcome> outcome = told->get_future();
    net::Operation operation;
    bool is_told(Duration within = 30ms) const {
      return outcome.wait_for(within) == std::future_status::ready;
    }
  };
  Waiting wait(Turnstile::Turn turn, std::vector<std::string> locked = {}) {
    Waiting waiting;
    thread_.run([&] {
      waiting.operation =
          Turnstile::wait(thread_.loop(), std::move(turn), std::move(locked),
                          [told = waiting.told](Outcome outcome) { told->set_value(outcome); });
    });
    return waiting;
  }
  void forget(Waiting& waiting) {
    thread_.run([&] { waiting.operation.reset(); });
  }

  std::shared_ptr<Turnstile> turnstile_ = std::make_shared<Turnstile>();
  test::LoopThread thread_;
};

TEST_F(TurnstileTest, WhoIsAloneIsTold) {
  Waiting waiting = wait(begin({"a", "b"}));
  EXPECT_EQ(waiting.outcome.get(), Outcome::over);
  forget(waiting);
}

TEST_F(TurnstileTest, NothingIsKeptOfAWaiterThatAnotherTurnsEndTells) {
  Turnstile::Turn other = begin({"their account", "the network"});
  Waiting waiting = wait(begin({"an account of his own", "the network"}));
  other.end();
  EXPECT_EQ(waiting.outcome.get(), Outcome::over);
  forget(waiting);
  EXPECT_EQ(turnstile_->size(), 0);
}

TEST_F(TurnstileTest, OnlyThoseOnTheLockedKeysThatBeganBeforeHoldUp) {
  const Turnstile::Turn other = begin({"b"});
  Turnstile::Turn before = begin({"a"});
  Waiting waiting = wait(begin({"a", "b"}), {"a"});
  const Turnstile::Turn after = begin({"a"});
  EXPECT_FALSE(waiting.is_told());
  before.end();
  EXPECT_EQ(waiting.outcome.get(), Outcome::over);
  forget(waiting);
}

TEST_F(TurnstileTest, ASuccessCallsInAFewAndTheOthersInTheirTurn) {
  Turnstile::Turn good = begin({"a"}), slow = begin({"a"});
  std::vector<Waiting> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(wait(begin({"a"})));
  good.succeed();
  good.end();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(waiting[static_cast<std::size_t>(i)].outcome.get(), Outcome::changed);
  for (std::size_t i = 8; i < 20; ++i) EXPECT_FALSE(waiting[i].is_told(1ms));
  slow.end();  // nobody is left: whoever has not been called in yet may try
  for (std::size_t i = 8; i < 20; ++i) EXPECT_EQ(waiting[i].outcome.get(), Outcome::changed);
  for (Waiting& one : waiting) forget(one);
}

TEST_F(TurnstileTest, ASuccessWhileTheStoreWasAskedIsNotMissed) {
  Turnstile::Turn good = begin({"a"});
  const Turnstile::Turn slow = begin({"a"});
  Turnstile::Turn asking = begin({"a"});
  good.succeed();
  good.end();
  Waiting waiting = wait(std::move(asking));
  EXPECT_EQ(waiting.outcome.get(), Outcome::changed);
  forget(waiting);
}

TEST_F(TurnstileTest, WhoLeavesHearsNothing) {
  Turnstile::Turn before = begin({"a"});
  Waiting gone = wait(begin({"a"}));
  forget(gone);
  before.end();
  EXPECT_FALSE(gone.is_told());
  Waiting told_and_gone = wait(begin({"a"}));
  forget(told_and_gone);  // perhaps between being told and hearing it
}

TEST_F(TurnstileTest, ManyThreadsComeAndGo) {
  std::vector<std::thread> threads;
  std::atomic<int> told = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      test::LoopThread own;
      for (int j = 0; j < 200; ++j) {
        Turnstile::Turn turn = begin({"a", std::to_string(i)});
        if (j % 3 == 0) turn.succeed();
        if (j % 2 == 0) continue;
        std::promise<void> heard;
        net::Operation operation;
        own.run([&] {
          operation = Turnstile::wait(own.loop(), std::move(turn), {"a"}, [&](Outcome) {
            ++told;
            heard.set_value();
          });
        });
        heard.get_future().get();
        own.run([&] { operation.reset(); });
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told, 400);
}

}  // namespace
}  // namespace gw::store
