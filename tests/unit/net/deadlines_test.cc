// SPDX-License-Identifier: Apache-2.0
#include "net/deadlines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

namespace gw::net {
namespace {

class Probe final : public Deadline {
 public:
  explicit Probe(EventLoop& loop, std::function<void()> then = {}) : loop_(loop), then_(std::move(then)) {}
  std::vector<TimePoint> fired;

 private:
  void on_deadline() override {
    fired.push_back(loop_.now());
    if (then_) {
      const auto then = then_;  // may destroy this
      then();
    }
  }
  EventLoop& loop_;
  std::function<void()> then_;
};

class DeadlinesTest : public ::testing::Test {
 protected:
  DeadlinesTest() { loop_.refresh_clock(); }
  // Serves until `delay` from now has passed, by a deadline like any other.
  void run_for(Duration delay) {
    Probe end(loop_, [this] { loop_.stop(); });
    deadlines_.set_in(end, delay);
    loop_.run();
  }

  EventLoop loop_;
  Deadlines deadlines_{loop_};
};

TEST_F(DeadlinesTest, FireInTheirOrderAndNeverEarly) {
  Probe late(loop_), early(loop_), between(loop_);
  const TimePoint start = loop_.now();
  deadlines_.set(late, start + 260ms);
  deadlines_.set(early, start + 20ms);
  deadlines_.set(between, start + 140ms);
  run_for(400ms);

  ASSERT_EQ(early.fired.size(), 1u);
  ASSERT_EQ(between.fired.size(), 1u);
  ASSERT_EQ(late.fired.size(), 1u);
  EXPECT_GE(early.fired[0], start + 20ms);
  EXPECT_GE(between.fired[0], start + 140ms);
  EXPECT_GE(late.fired[0], start + 260ms);
  EXPECT_LT(early.fired[0], between.fired[0]);
  EXPECT_LT(between.fired[0], late.fired[0]);
}

// Of many, the median tells: a busy machine makes single ones late.
TEST_F(DeadlinesTest, AreAtMostOneTickLate) {
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<TimePoint> at;
  const TimePoint start = loop_.now();
  for (int i = 0; i < 40; ++i) {
    probes.push_back(std::make_unique<Probe>(loop_));
    at.push_back(start + i * 7ms);
    deadlines_.set(*probes.back(), at.back());
  }
  run_for(500ms);

  std::vector<TimePoint::duration> lateness;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    ASSERT_EQ(probes[i]->fired.size(), 1u) << i;
    lateness.push_back(probes[i]->fired[0] - at[i]);
  }
  std::sort(lateness.begin(), lateness.end());
  EXPECT_GE(lateness.front(), 0ms);
  EXPECT_LE(lateness[lateness.size() / 2], 50ms);
}

TEST_F(DeadlinesTest, WakeTheLoopOnlyWhenSomethingMayBeDue) {
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 0; i < 20; ++i) {
    probes.push_back(std::make_unique<Probe>(loop_));
    deadlines_.set_in(*probes.back(), 200ms);
    deadlines_.set_in(*probes.back(), 30s);
    deadlines_.set_in(*probes.back(), 60s);
  }
  run_for(600ms);

  // At 200 ms, to see that 60 s are meant, and at the end; each perhaps twice, as the kernel's clocks differ.
  EXPECT_LE(loop_.rounds().count(), 4u);
}

// A callback that takes long sees the time of its beginning.
TEST_F(DeadlinesTest, SetForATimeThatIsOverFireAtOnce) {
  Probe probe(loop_), slow(loop_, [&] {
    while (steady_now() < loop_.now() + 120ms) {
    }
    deadlines_.set_in(probe, 1ms);
  });
  deadlines_.set_in(slow, 10ms);
  run_for(400ms);

  EXPECT_EQ(probe.fired.size(), 1u);
}

TEST_F(DeadlinesTest, SetToALaterTimeFireThenAlone) {
  Probe probe(loop_);
  const TimePoint start = loop_.now();
  deadlines_.set(probe, start + 30ms);
  deadlines_.set(probe, start + 250ms);
  run_for(400ms);

  ASSERT_EQ(probe.fired.size(), 1u);
  EXPECT_GE(probe.fired[0], start + 250ms);
}

TEST_F(DeadlinesTest, SetToAnEarlierTimeFireThenAlone) {
  Probe probe(loop_);
  const TimePoint start = loop_.now();
  deadlines_.set(probe, start + 10s);
  deadlines_.set(probe, start + 30ms);
  run_for(250ms);

  ASSERT_EQ(probe.fired.size(), 1u);
}

TEST_F(DeadlinesTest, ClearedNeverFire) {
  Probe probe(loop_);
  deadlines_.set_in(probe, 30ms);
  Deadlines::clear(probe);
  run_for(200ms);

  EXPECT_TRUE(probe.fired.empty());
}

TEST_F(DeadlinesTest, ClearedAndSetAgainFireOnce) {
  Probe sooner(loop_), later(loop_);
  deadlines_.set_in(sooner, 100ms);
  Deadlines::clear(sooner);
  deadlines_.set_in(sooner, 20ms);
  deadlines_.set_in(later, 20ms);
  Deadlines::clear(later);
  deadlines_.set_in(later, 100ms);
  run_for(300ms);

  EXPECT_EQ(sooner.fired.size(), 1u);
  EXPECT_EQ(later.fired.size(), 1u);
}

TEST_F(DeadlinesTest, SetAgainFromTheirOwnEventFireAgain) {
  int left = 3;
  std::unique_ptr<Probe> probe;
  probe = std::make_unique<Probe>(loop_, [&] {
    if (--left > 0) deadlines_.set_in(*probe, 10ms);
  });
  deadlines_.set_in(*probe, 10ms);
  run_for(500ms);

  EXPECT_EQ(probe->fired.size(), 3u);
}

TEST_F(DeadlinesTest, MayBeDestroyedInAnEventOfTheirSlot) {
  // All in one slot; each destroys itself and its neighbours on both sides.
  std::vector<std::unique_ptr<Probe>> probes(9);
  int events = 0;
  for (std::size_t i = 0; i < probes.size(); ++i)
    probes[i] = std::make_unique<Probe>(loop_, [&, i] {
      ++events;
      for (std::size_t near = i == 0 ? 0 : i - 1; near < std::min(i + 2, probes.size()); ++near)
        probes[near].reset();
    });
  const TimePoint at = loop_.now() + 30ms;
  for (auto& probe : probes) deadlines_.set(*probe, at);
  run_for(200ms);

  for (const auto& probe : probes) EXPECT_EQ(probe, nullptr);
  EXPECT_GE(events, 3);
  EXPECT_LE(events, 5);
}

TEST_F(DeadlinesTest, BeyondOneRoundWaitForTheirTime) {
  Probe soon(loop_);
  std::vector<std::unique_ptr<Probe>> far;
  for (int i = 0; i < 200; ++i) {
    far.push_back(std::make_unique<Probe>(loop_));
    deadlines_.set_in(*far.back(), 51s + i * 10ms);
  }
  deadlines_.set_in(soon, 60s);
  deadlines_.set_in(soon, 40ms);
  run_for(250ms);

  EXPECT_EQ(soon.fired.size(), 1u);
  for (const auto& probe : far) EXPECT_TRUE(probe->fired.empty());
}

TEST_F(DeadlinesTest, WorkAgainAfterAnIdleTime) {
  Probe first(loop_), second(loop_);
  deadlines_.set_in(first, 10ms);
  // Idle between: another event of the loop sets the next one.
  Probe waker(loop_, [&] { deadlines_.set_in(second, 10ms); });
  deadlines_.set_in(waker, 150ms);
  run_for(350ms);

  EXPECT_EQ(first.fired.size(), 1u);
  EXPECT_EQ(second.fired.size(), 1u);
}

TEST(Deadlines, MayGoBeforeWhatWaitsForThem) {
  EventLoop loop;
  auto deadlines = std::make_unique<Deadlines>(loop);
  Probe probe(loop);
  deadlines->set_in(probe, 1s);
  deadlines.reset();

  EXPECT_TRUE(probe.fired.empty());
}

}  // namespace
}  // namespace gw::net
