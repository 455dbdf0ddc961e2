// SPDX-License-Identifier: Apache-2.0
#include "net/hang_ups.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "net/deadlines.h"
#include "net/event_loop.h"
#include "net/fd_watch.h"

namespace gw::net {
namespace {

// One end of a connection whose other end the test holds; reads nothing until it is told to.
class Paused final : private FdWatch::Events {
 public:
  explicit Paused(EventLoop& loop) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    fd_ = UniqueFd(ends[0]);
    peer_ = UniqueFd(ends[1]);
    watch_.emplace(loop, fd_.get(), static_cast<FdWatch::Events&>(*this));
    watch_->set_reading(true);
    watch_->set_reading(false);
  }
  void peer_sends() { EXPECT_EQ(::send(peer_.get(), "x", 1, 0), 1); }
  void peer_leaves() { peer_ = UniqueFd(); }
  void read_on() { watch_->set_reading(true); }
  void pause() { watch_->set_reading(false); }
  void end() { watch_.reset(); }

  int hang_ups = 0;
  int reads = 0;
  std::function<void()> on_hung_up = [] {};

 private:
  void on_readable() override {
    std::array<char, 16> bytes{};
    if (::recv(fd_.get(), bytes.data(), bytes.size(), 0) <= 0) watch_->set_reading(false);
    ++reads;
  }
  void on_writable() override {}
  void on_hang_up() override {
    ++hang_ups;
    on_hung_up();
  }

  UniqueFd fd_, peer_;
  std::optional<FdWatch> watch_;
};

// Runs the steps one after the other, a tick apart: the loop has looked at what came of each.
class Steps final : private Deadline {
 public:
  Steps(EventLoop& loop, std::vector<std::function<void()>> steps)
      : loop_(loop), deadlines_(loop), steps_(std::move(steps)) {
    deadlines_.set_in(*this, 1ms);
    loop.run();
  }

 private:
  void on_deadline() override {
    if (next_ == steps_.size()) return loop_.stop();
    steps_[next_++]();
    deadlines_.set_in(*this, 1ms);
  }

  EventLoop& loop_;
  Deadlines deadlines_;
  std::vector<std::function<void()>> steps_;
  std::size_t next_ = 0;
};

void run(EventLoop& loop, std::vector<std::function<void()>> steps) {
  const Steps ran(loop, std::move(steps));
}

TEST(HangUps, AreToldOnceOfAPeerThatLeavesBehindBytesThatNobodyReads) {
  EventLoop loop;
  Paused one(loop), other(loop);
  run(loop,
      {[&] { one.peer_sends(); }, [&] { EXPECT_EQ(one.hang_ups, 0); }, [&] { one.peer_leaves(); }, [] {}});
  EXPECT_EQ(one.hang_ups, 1);
  EXPECT_EQ(one.reads, 0);
  EXPECT_EQ(other.hang_ups, 0);
}

TEST(HangUps, AreToldOfAPeerThatHadLeftBefore) {
  EventLoop loop;
  Paused one(loop);
  one.peer_sends();
  one.peer_leaves();
  run(loop, {[] {}, [] {}});
  EXPECT_EQ(one.hang_ups, 1);
}

TEST(HangUps, AreNotToldWhileItIsReadAndAgainWhenItIsNot) {
  EventLoop loop;
  Paused one(loop);
  run(loop,
      {[&] { one.peer_sends(); }, [&] { one.read_on(); }, [&] { one.pause(); }, [&] { one.peer_sends(); },
       [&] { EXPECT_EQ(one.hang_ups, 0); }, [&] { one.peer_leaves(); }, [] {}});
  EXPECT_EQ(one.reads, 1);
  EXPECT_EQ(one.hang_ups, 1);
}

TEST(HangUps, MayEndTheirWatcherAndAnother) {
  EventLoop loop;
  Paused one(loop), other(loop);
  one.on_hung_up = other.on_hung_up = [&] {
    one.end();
    other.end();
  };
  run(loop, {[&] {
               one.peer_sends();
               other.peer_sends();
             },
             [&] {
               one.peer_leaves();
               other.peer_leaves();
             },
             [] {}});
  EXPECT_EQ(one.hang_ups + other.hang_ups, 1);
}

}  // namespace
}  // namespace gw::net
