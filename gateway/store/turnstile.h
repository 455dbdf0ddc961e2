// SPDX-License-Identifier: Apache-2.0
// Attempts at passwords that are under way in this process. Each is counted as failed until it is known to be
// good, so a few good ones at once can look like as many failures as lock the door: who finds it locked waits
// for those that began before him, and tries again when one of them was good. Nobody gets a try more by it:
// the store alone lets in.
// THREAD: any; callbacks run on the loop that asks, later, while the Operation lives.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/callback.h"
#include "net/event_loop.h"
#include "net/operation.h"

namespace gw::store {

class Turnstile {
 public:
  // An attempt on some keys; over when it is destroyed, and failed unless it was said to be good.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept { *this = std::move(other); }
    Turn& operator=(Turn&& other) noexcept;
    ~Turn() { end(); }

    const std::vector<std::string>& keys() const { return keys_; }
    // The store has cleared its counters.
    void succeed() { good_ = true; }
    void end();

   private:
    friend class Turnstile;
    std::shared_ptr<Turnstile> at_;
    std::vector<std::string> keys_;
    std::uint64_t number_ = 0;
    bool good_ = false;
  };
  enum class Outcome : std::uint8_t {
    changed,  // one was good: ask the store again
    over,     // none that could have been in the way was: it is locked
  };
  using Done = Callback<void(Outcome)>;

  // REQUIRES: held by a shared_ptr.
  static Turn begin(const std::shared_ptr<Turnstile>& at, std::vector<std::string> keys);
  // Ends a turn that the store refused, since `locked` are locked (of its keys; empty: all). Tells when one
  // on them was good, or when all that had begun by now have ended. One success calls in a few, in their
  // order.
  static net::Operation wait(net::EventLoop& loop, Turn turn, std::vector<std::string> locked, Done done);

  // Keys and waiters that are known: none once nobody tries.
  std::size_t size();

 private:
  using Number = std::uint64_t;  // of turns, successes and waiters, as they come
  struct Waiter {
    net::EventLoop* loop = nullptr;
    std::uint64_t expected = 0;  // on the loop
    std::vector<std::string> keys;
    Number asked = 0;
    Number until = 0;  // turns up to this one began before
    bool was_passed_over = false;
    bool is_told = false;
  };
  struct Door {
    std::set<Number> turns;
    std::set<Number> waiters;
    Number last_success = 0;
  };

  void leave(const std::vector<std::string>& keys, Number turn, bool good);
  void call_in(const std::string& key, bool good);
  bool is_held_up(const Waiter& waiter) const;
  bool has_changed(const Waiter& waiter) const;
  bool is_alone(const Waiter& waiter) const;
  void tell(Number number, Outcome outcome);
  void stop_waiting(const Waiter& waiter, Number number);
  void close_if_empty(const std::string& key);
  static void cancel(void* self, std::uint64_t number);

  std::mutex mutex_;
  Number last_ = 0;
  std::unordered_map<std::string, Door> doors_;
  std::unordered_map<Number, Waiter> waiters_;
};

}  // namespace gw::store
