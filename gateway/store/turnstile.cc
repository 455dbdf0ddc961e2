// SPDX-License-Identifier: Apache-2.0
#include "store/turnstile.h"

#include <utility>

namespace gw::store {
namespace {

constexpr std::size_t kCalledIn = 8;  // by one success: about as many as a lockout lets in

}  // namespace

Turnstile::Turn& Turnstile::Turn::operator=(Turn&& other) noexcept {
  if (this == &other) return *this;
  end();
  at_ = std::exchange(other.at_, nullptr);
  keys_ = std::move(other.keys_);
  number_ = other.number_;
  good_ = other.good_;
  return *this;
}

void Turnstile::Turn::end() {
  const std::shared_ptr<Turnstile> at = std::exchange(at_, nullptr);
  if (at == nullptr) return;
  const std::lock_guard lock(at->mutex_);
  at->leave(keys_, number_, good_);
}

Turnstile::Turn Turnstile::begin(const std::shared_ptr<Turnstile>& at, std::vector<std::string> keys) {
  Turn turn;
  const std::lock_guard lock(at->mutex_);
  turn.at_ = at;
  turn.number_ = ++at->last_;
  for (const std::string& key : keys) at->doors_[key].turns.insert(turn.number_);
  turn.keys_ = std::move(keys);
  return turn;
}

net::Operation Turnstile::wait(net::EventLoop& loop, Turn turn, std::vector<std::string> locked, Done done) {
  const std::shared_ptr<Turnstile> at = std::exchange(turn.at_, nullptr);
  const std::lock_guard lock(at->mutex_);
  const Number number = ++at->last_;
  const std::uint64_t expected = loop.expect([at, number, done = std::move(done)](void* outcome) mutable {
    {
      const std::lock_guard locked_again(at->mutex_);
      at->waiters_.erase(number);
    }
    done(*static_cast<Outcome*>(outcome));
  });
  Waiter& waiter = at->waiters_[number];
  waiter = {&loop, expected, locked.empty() ? turn.keys_ : std::move(locked), turn.number_, number,
            false, false};
  for (const std::string& key : waiter.keys) at->doors_[key].waiters.insert(number);
  at->leave(turn.keys_, turn.number_, false);
  if (!waiter.is_told && at->has_changed(waiter)) at->tell(number, Outcome::changed);
  if (!waiter.is_told && !at->is_held_up(waiter)) at->tell(number, Outcome::over);
  return {&Turnstile::cancel, at.get(), number};
}

void Turnstile::leave(const std::vector<std::string>& keys, Number turn, bool good) {
  for (const std::string& key : keys) {
    Door& door = doors_[key];
    door.turns.erase(turn);
    if (good) door.last_success = ++last_;
  }
  for (const std::string& key : keys) call_in(key, good);
  for (const std::string& key : keys) close_if_empty(key);
}

void Turnstile::call_in(const std::string& key, bool good) {
  std::size_t left = good ? kCalledIn : 0;
  const std::set<Number> waiting = doors_[key].waiters;
  for (const Number number : waiting) {
    Waiter& waiter = waiters_.at(number);
    if (left != 0) {
      --left;
      tell(number, Outcome::changed);
    } else if (!is_held_up(waiter)) {
      if (!has_changed(waiter)) {
        tell(number, Outcome::over);
      } else if (waiter.was_passed_over || is_alone(waiter)) {
        tell(number, Outcome::changed);
      } else {  // its turn comes when those who were called in have had theirs
        waiter.was_passed_over = true;
        waiter.until = last_;
      }
    }
  }
}

bool Turnstile::is_held_up(const Waiter& waiter) const {
  for (const std::string& key : waiter.keys) {
    const auto door = doors_.find(key);
    if (door != doors_.end() && !door->second.turns.empty() && *door->second.turns.begin() <= waiter.until)
      return true;
  }
  return false;
}

bool Turnstile::has_changed(const Waiter& waiter) const {
  for (const std::string& key : waiter.keys) {
    const auto door = doors_.find(key);
    if (door != doors_.end() && door->second.last_success > waiter.asked) return true;
  }
  return false;
}

bool Turnstile::is_alone(const Waiter& waiter) const {
  for (const std::string& key : waiter.keys) {
    const auto door = doors_.find(key);
    if (door != doors_.end() && !door->second.turns.empty()) return false;
  }
  return true;
}

// It waits no more, but is known until its callback has run, so that this can still be cancelled.
void Turnstile::tell(Number number, Outcome outcome) {
  Waiter& waiter = waiters_.at(number);
  stop_waiting(waiter, number);
  waiter.is_told = true;
  waiter.loop->complete_later(waiter.expected, outcome);
}

// Its keys need not be those of the turn that ends: each door that it was the last at goes.
void Turnstile::stop_waiting(const Waiter& waiter, Number number) {
  for (const std::string& key : waiter.keys) {
    if (const auto door = doors_.find(key); door != doors_.end()) door->second.waiters.erase(number);
    close_if_empty(key);
  }
}

void Turnstile::close_if_empty(const std::string& key) {
  const auto door = doors_.find(key);
  if (door != doors_.end() && door->second.turns.empty() && door->second.waiters.empty()) doors_.erase(door);
}

std::size_t Turnstile::size() {
  const std::lock_guard lock(mutex_);
  return doors_.size() + waiters_.size();
}

void Turnstile::cancel(void* self, std::uint64_t number) {
  auto* at = static_cast<Turnstile*>(self);
  std::unique_lock lock(at->mutex_);
  const auto found = at->waiters_.find(number);
  if (found == at->waiters_.end()) return;
  const Waiter waiter = std::move(found->second);
  at->waiters_.erase(found);
  at->stop_waiting(waiter, number);
  lock.unlock();  // with its callback may go what holds this
  waiter.loop->operation_of(waiter.expected).reset();
}

}  // namespace gw::store
