// SPDX-License-Identifier: Apache-2.0
// Timeouts that cost nothing per request: a wheel of coarse slots, and one timer that sleeps until the first
// slot that is not empty. Setting a later time for a waiting deadline is one store.
// THREAD: one loop.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "net/event_loop.h"

namespace gw::net {

class Deadlines;

// Derive from it; on_deadline() runs once for each set(), up to one tick late, never early.
class Deadline {
 public:
  Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 protected:
  ~Deadline() { unlink(); }
  virtual void on_deadline() = 0;
  TimePoint deadline() const { return at_; }  // max: none is set

 private:
  friend class Deadlines;
  void unlink();

  TimePoint at_ = TimePoint::max();  // max: not set
  Deadline* next_ = nullptr;
  Deadline** link_ = nullptr;  // what points at this; null when in no slot
  std::uint64_t tick_ = 0;     // of the slot that it is in
  Deadlines* wheel_ = nullptr;
};

class Deadlines {
 public:
  // `tick`: how late a deadline may be.
  explicit Deadlines(EventLoop& loop, Duration tick = 50ms);
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  void set(Deadline& deadline, TimePoint at);
  void set_in(Deadline& deadline, Duration delay) { set(deadline, loop_.now() + delay); }
  // Leaves it in its slot: setting it again is then nearly free.
  static void clear(Deadline& deadline) { deadline.at_ = TimePoint::max(); }

 private:
  friend class Deadline;
  static constexpr std::size_t kSlots = 1024;  // 51 s of the usual tick; later deadlines go round

  static constexpr std::uint64_t kNever = UINT64_MAX;

  static void on_timer(int, short, void* self) noexcept;
  void turn();
  void wake_at(std::uint64_t tick);
  void link(Deadline& deadline, std::uint64_t tick);
  std::uint64_t tick_of(TimePoint at) const;
  // The first that is not before it. Beyond one round: as far as the wheel reaches, then judged again.
  std::uint64_t slot_tick(TimePoint at) const;

  EventLoop& loop_;
  const Duration tick_;
  const TimePoint origin_;
  std::uint64_t current_ = 0;  // the last tick whose slot was visited
  std::size_t linked_ = 0;
  std::uint64_t wake_ = kNever;  // what the timer waits for; 0 while the wheel turns
  event* timer_ = nullptr;
  std::array<Deadline*, kSlots> slots_{};
};

}  // namespace gw::net
