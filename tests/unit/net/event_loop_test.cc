// SPDX-License-Identifier: Apache-2.0
#include "net/event_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "net/fd_watch.h"

namespace gw::net {
namespace {

struct Step final : Task {
  explicit Step(std::function<void()> work) : work_(std::move(work)) {}
  void run_task() override { work_(); }
  std::function<void()> work_;
};

struct Mortal final : Deferred {
  explicit Mortal(std::function<void()> last) : last_(std::move(last)) {}
  ~Mortal() override { last_(); }
  std::function<void()> last_;
};

// A descriptor that is readable from the start.
class Ready final : private FdWatch::Events {
 public:
  Ready(EventLoop& loop, std::function<void()> work)
      : fd_(::eventfd(1, EFD_NONBLOCK)), work_(std::move(work)), watch_(loop, fd_.get(), *this) {
    watch_.set_reading(true);
  }
  FdWatch& watch() { return watch_; }

 private:
  void on_readable() override {
    std::uint64_t count = 0;
    EXPECT_EQ(::read(fd_.get(), &count, sizeof count), 8);
    work_();
  }
  void on_writable() override {}
  UniqueFd fd_;
  std::function<void()> work_;
  FdWatch watch_;
};

TEST(EventLoop, RunsPostedWorkInItsOrderAndNeverInsideTheCall) {
  EventLoop loop;
  std::string order;
  loop.post([&] {
    order += "a";
    loop.post([&] {
      order += "d";
      loop.stop();
    });
    order += "b";
  });
  loop.post([&] { order += "c"; });
  EXPECT_EQ(order, "");
  loop.run();

  EXPECT_EQ(order, "abcd");
}

TEST(EventLoop, RunsWhatOtherThreadsPostOnItsOwnThread) {
  EventLoop loop;
  constexpr int kThreads = 4, kEach = 2000;
  int done = 0;
  const auto home = std::this_thread::get_id();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j)
        loop.post([&] {
          EXPECT_EQ(std::this_thread::get_id(), home);
          if (++done == kThreads * kEach) loop.stop();
        });
    });
  loop.run();
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(done, kThreads * kEach);
}

TEST(EventLoop, RunsPostedWorkBeforeTheSocketsOfTheSameBatch) {
  EventLoop loop;
  std::string order;
  Ready socket(loop, [&] {
    order += "socket";
    loop.stop();
  });
  loop.post([&] { order += "post "; });
  loop.run();

  EXPECT_EQ(order, "post socket");
}

TEST(EventLoop, RunsTasksAtTheEndOfTheCallbackAndThenDeletes) {
  EventLoop loop;
  std::string order;
  Step second([&] { order += "second "; });
  Step first([&] {
    order += "first ";
    loop.run_later(second);
  });
  loop.post([&] {
    loop.defer_delete(std::make_unique<Mortal>([&] { order += "deleted "; }));
    loop.run_later(first);
    loop.run_later(first);
    order += "callback ";
  });
  loop.post([&] {
    order += "next";
    loop.stop();
  });
  loop.run();

  EXPECT_EQ(order, "callback first second deleted next");
}

TEST(EventLoop, DeletesWhatGoesWithWhatIsDeleted) {
  EventLoop loop;
  std::string order;
  loop.post([&] {
    loop.defer_delete(std::make_unique<Mortal>([&] {
      order += "outer ";
      loop.defer_delete(std::make_unique<Mortal>([&] { order += "inner"; }));
    }));
    loop.stop();
  });
  loop.run();

  EXPECT_EQ(order, "outer inner");
}

TEST(EventLoop, DoesNotRunATaskThatWasForgotten) {
  EventLoop loop;
  int ran = 0;
  Step never([&] { ++ran; });
  Step forgetful([&] { loop.forget(never); });
  loop.post([&] {
    loop.run_later(forgetful);
    loop.run_later(never);
    loop.stop();
  });
  loop.run();

  EXPECT_EQ(ran, 0);
}

// A task that asks for itself again, as a busy connection does, must let others have their turn.
TEST(EventLoop, LetsSocketsHaveTheirTurnBetweenRoundsOfWork) {
  EventLoop loop;
  bool stopped = false;
  int rounds = 0;
  std::unique_ptr<Step> busy;
  busy = std::make_unique<Step>([&] {
    ++rounds;
    if (!stopped && rounds < 100000) loop.run_next_round(*busy);
  });
  loop.post([&] { loop.run_next_round(*busy); });
  Ready socket(loop, [&] {
    stopped = true;
    loop.stop();
  });
  loop.run();

  EXPECT_TRUE(stopped);
  EXPECT_LT(rounds, 10);
}

// A socket that is always ready and leaves what it brings for the next round must not put that off for ever.
TEST(EventLoop, EndsARoundThoughASocketStaysReady) {
  EventLoop loop;
  UniqueFd fd(::eventfd(1, EFD_NONBLOCK));
  int left = 3, told = 0;
  std::optional<Step> step;
  struct Reader final : FdWatch::Events {
    explicit Reader(std::function<void()> work) : work_(std::move(work)) {}
    void on_readable() override { work_(); }
    void on_writable() override {}
    std::function<void()> work_;
  } reader([&] {
    if (++told > 100) return loop.stop();
    loop.run_next_round(*step);
  });
  step.emplace([&] {
    if (--left == 0) return loop.stop();
    loop.run_next_round(*step);
  });
  FdWatch watch(loop, fd.get(), reader);
  watch.set_reading(true);
  loop.post([&] { loop.run_next_round(*step); });
  loop.run();

  EXPECT_EQ(left, 0);
  EXPECT_LE(told, 4);
}

TEST(EventLoop, ForgetsWorkOfTheNextRoundToo) {
  EventLoop loop;
  int ran = 0;
  Step never([&] { ++ran; });
  loop.post([&] {
    loop.run_next_round(never);
    loop.forget(never);
    loop.post([&] { loop.post([&] { loop.stop(); }); });
  });
  loop.run();

  EXPECT_EQ(ran, 0);
}

TEST(EventLoop, StopsFromAnotherThread) {
  EventLoop loop;
  std::thread other([&] { loop.stop(); });
  loop.run();
  other.join();
}

TEST(EventLoop, BringsAResultOnceAndOnlyToWhoStillWaits) {
  EventLoop loop;
  std::vector<int> got;
  Operation kept, dropped;
  loop.post([&] {
    const auto expect = [&](int sign) {
      return loop.expect([&, sign](void* value) { got.push_back(sign * *static_cast<int*>(value)); });
    };
    const std::uint64_t first = expect(1), second = expect(-1);
    kept = loop.operation_of(first);
    dropped = loop.operation_of(second);
    std::thread([&, first, second] {
      loop.complete_later(second, 7);
      loop.complete_later(first, 7);
      loop.complete_later(first, 8);
      loop.post([&] { loop.stop(); });
    }).join();
    dropped.reset();
  });
  loop.run();

  EXPECT_EQ(got, std::vector<int>{7});
}

TEST(FdWatch, TellsNothingWhilePausedAndGoesOnAfterwards) {
  EventLoop loop;
  std::string order;
  Ready socket(loop, [&] {
    order += "read";
    loop.stop();
  });
  loop.post([&] {
    socket.watch().set_reading(false);
    // Two rounds, in which the descriptor is ready.
    loop.post([&] {
      loop.post([&] {
        order += "resumed ";
        socket.watch().set_reading(true);
      });
    });
  });
  loop.run();

  EXPECT_EQ(order, "resumed read");
}

}  // namespace
}  // namespace gw::net
