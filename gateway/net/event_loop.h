// SPDX-License-Identifier: Apache-2.0
// One libevent loop and its thread's housekeeping: posted work, deferred deletion, flushes at the end of a
// callback, cached time.
// THREAD: everything but post(), complete_later() and stop() belongs to the thread that runs the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/callback.h"
#include "base/clock.h"
#include "base/histogram.h"
#include "base/slot_map.h"
#include "net/operation.h"

struct event_base;
struct event;
struct evdns_base;

namespace gw::net {

// What may be handed to defer_delete().
class Deferred {
 public:
  virtual ~Deferred() = default;
};

// Work to be done once at the end of the current callback, such as writing what was gathered.
class Task {
 public:
  virtual void run_task() = 0;

 protected:
  ~Task() = default;

 private:
  friend class EventLoop;
  bool queued_ = false;
};

class HangUps;

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  event_base* base() const { return base_; }
  evdns_base* dns();  // made on first use
  HangUps& hang_ups();

  // Serves events until stop().
  void run();
  // Any thread. The loop ends after the current callback.
  void stop();
  // Any thread. Runs `work` on this loop, never inside the call.
  void post(Callback<void()> work);

  // Frees the object after the current batch of callbacks.
  void defer_delete(std::unique_ptr<Deferred> object);
  // Runs the task at the end of the current callback; asking twice is once.
  void run_later(Task& task);
  // Runs it after other events had their turn: for work that goes on and on, such as a fast stream's, and for
  // what is best done once for all of them. Writes are: one after the other, they wake a reader once.
  void run_next_round(Task& task);
  void forget(Task& task);
  // Every static libevent callback begins and ends with these: the clock, then tasks and deletions.
  void begin_callback() {
    if (clock_is_stale_) refresh_clock();
  }
  void end_of_callback();

  // Cached for a batch of callbacks.
  TimePoint now() const { return now_; }
  WallSeconds wall() const { return wall_; }
  void refresh_clock();
  // How long each batch of callbacks took: what came meanwhile waited for its end.
  const Histogram& rounds() const { return rounds_; }

  // A result that another thread will bring. `done` gets a pointer to the value that complete_later() was
  // given.
  std::uint64_t expect(Callback<void(void*)> done);
  Operation operation_of(std::uint64_t id) { return {&EventLoop::cancel_expected, this, id}; }
  // Any thread. T is moved to this loop; dropped when nobody waits for it any more.
  template <class T>
  void complete_later(std::uint64_t id, T value) {
    post([this, id, value = std::move(value)]() mutable { complete(id, &value); });
  }

 private:
  static void cancel_expected(void* loop, std::uint64_t id);
  static void on_wakeup(int, short, void* self) noexcept;
  void complete(std::uint64_t id, void* value);
  void run_posted();
  void begin_round();
  void end_batch();

  event_base* base_ = nullptr;
  evdns_base* dns_ = nullptr;
  std::unique_ptr<HangUps> hang_ups_;
  event* wakeup_ = nullptr;
  int wakeup_fd_ = -1;
  TimePoint now_;
  WallSeconds wall_ = 0;
  bool clock_is_stale_ = true;
  Histogram rounds_;
  SlotMap<Callback<void(void*)>> expected_;
  std::vector<Task*> tasks_;
  std::vector<Task*> next_tasks_;  // of the next round
  std::vector<std::unique_ptr<Deferred>> doomed_;
  std::mutex posted_mutex_;
  std::vector<Callback<void()>> posted_;
  bool stopping_ = false;  // guarded by posted_mutex_
};

}  // namespace gw::net
