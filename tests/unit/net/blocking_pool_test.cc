// SPDX-License-Identifier: Apache-2.0
#include "net/blocking_pool.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "support/loop_thread.h"

namespace gw::net {
namespace {

using test::LoopThread;

// Holds up a thread of the pool until it is opened.
class Gate {
 public:
  void pass() { opened_.wait(); }
  void open() { open_.set_value(); }

 private:
  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
};

TEST(BlockingPool, AnswersOnTheLoopWithWhatTheJobReturned) {
  LoopThread thread;
  BlockingPool pool({2, 16}, "test");
  std::thread::id worked, answered, home;
  thread.run([&] { home = std::this_thread::get_id(); });

  const auto result = thread.await<std::string>([&](auto done) {
    return pool.run(
        thread.loop(),
        [&]() -> Result<std::string> {
          worked = std::this_thread::get_id();
          return std::string("done");
        },
        [&, done](Result<std::string> value) mutable {
          answered = std::this_thread::get_id();
          done(std::move(value));
        });
  });

  ASSERT_TRUE(result);
  EXPECT_EQ(*result, "done");
  EXPECT_EQ(answered, home);
  EXPECT_NE(worked, home);
}

int niceness_of_this_thread() {
  return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
}

TEST(BlockingPool, GivesEventLoopsTheCpuFirst) {
  LoopThread thread;
  int loops = 0;
  thread.run([&] { loops = niceness_of_this_thread(); });
  BlockingPool pool({1, 1}, "test");
  std::promise<int> pools;
  ASSERT_TRUE(pool.enqueue([&] { pools.set_value(niceness_of_this_thread()); }));
  EXPECT_EQ(pools.get_future().get(), std::min(loops + 10, 19));
  EXPECT_EQ(niceness_of_this_thread(), loops) << "of its own threads alone";
}

TEST(BlockingPool, WithAFullQueueAnswersOverloadedLaterAndNotInsideTheCall) {
  LoopThread thread;
  Gate gate;
  BlockingPool pool({1, 1}, "test");
  std::promise<void> begun;
  ASSERT_TRUE(pool.enqueue([&] {
    begun.set_value();
    gate.pass();
  }));
  begun.get_future().get();
  ASSERT_TRUE(pool.enqueue([] {}));
  EXPECT_FALSE(pool.enqueue([] {}));

  std::optional<Fault> fault;
  std::promise<void> answered;
  bool ran = false, inside = true;
  Operation operation;
  thread.run([&] {
    operation = pool.run(
        thread.loop(),
        [&]() -> Status {
          ran = true;
          return {};
        },
        [&](Status status) {
          if (!status) fault = status.error().fault;
          answered.set_value();
        });
    inside = fault.has_value();
  });
  answered.get_future().get();  // while the pool is still held up
  thread.run([&] { operation.reset(); });

  EXPECT_FALSE(inside);
  EXPECT_EQ(fault, Fault::overloaded);
  EXPECT_FALSE(ran);
  gate.open();
}

TEST(BlockingPool, NeverAnswersWhoHasDroppedTheOperation) {
  LoopThread thread;
  Gate gate;
  std::atomic<bool> answered = false, worked = false;
  {
    BlockingPool pool({1, 16}, "test");
    Operation operation;
    thread.run([&] {
      operation = pool.run(
          thread.loop(),
          [&]() -> Status {
            gate.pass();
            worked = true;
            return {};
          },
          [&](Status) { answered = true; });
    });
    thread.run([&] { operation.reset(); });
    gate.open();
  }  // the job has run
  thread.run([] {});

  EXPECT_TRUE(worked);
  EXPECT_FALSE(answered);
}

TEST(BlockingPool, RunsWhatIsQueuedBeforeItGoes) {
  std::atomic<int> done = 0;
  {
    BlockingPool pool({2, 100}, "test");
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(pool.enqueue([&] { ++done; }));
  }
  EXPECT_EQ(done, 100);
}

TEST(BlockingPool, MovesInputsThatCannotBeCopied) {
  LoopThread thread;
  BlockingPool pool({1, 16}, "test");
  const auto result = thread.await<int>([&](auto done) {
    return pool.run(
        thread.loop(), [input = std::make_unique<int>(42)]() -> Result<int> { return *input; }, done);
  });

  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 42);
}

}  // namespace
}  // namespace gw::net
