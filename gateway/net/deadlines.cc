// SPDX-License-Identifier: Apache-2.0
#include "net/deadlines.h"

#include <event2/event.h>

#include <algorithm>
#include <utility>

namespace gw::net {

void Deadline::unlink() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  link_ = nullptr;
  next_ = nullptr;
  --wheel_->linked_;
}

Deadlines::Deadlines(EventLoop& loop, Duration tick) : loop_(loop), tick_(tick), origin_(steady_now()) {
  timer_ = event_new(loop.base(), -1, 0, &Deadlines::on_timer, this);
}

Deadlines::~Deadlines() {
  for (Deadline*& slot : slots_)
    while (slot != nullptr) slot->unlink();
  event_free(timer_);
}

void Deadlines::set(Deadline& deadline, TimePoint at) {
  deadline.at_ = at;
  // An empty wheel has not turned.
  if (linked_ == 0) current_ = std::max(current_, tick_of(loop_.now()));
  const std::uint64_t tick = slot_tick(at);
  if (deadline.link_ != nullptr) {
    if (deadline.tick_ <= tick) return;  // found and moved on when its slot comes round
    deadline.unlink();
  }
  link(deadline, tick);
}

void Deadlines::on_timer(int, short, void* self) noexcept {
  auto* wheel = static_cast<Deadlines*>(self);
  wheel->loop_.begin_callback();
  wheel->turn();
  wheel->loop_.end_of_callback();
}

void Deadlines::turn() {
  wake_ = 0;
  const std::uint64_t reached = tick_of(loop_.now());
  // After a long halt one round visits every slot.
  if (reached > current_ + kSlots) current_ = reached - kSlots;
  while (current_ < reached) {
    Deadline* list = std::exchange(slots_[++current_ % kSlots], nullptr);
    if (list != nullptr) list->link_ = &list;
    while (list != nullptr) {
      Deadline& deadline = *list;
      deadline.unlink();
      if (deadline.at_ == TimePoint::max()) continue;
      if (deadline.at_ > loop_.now()) {  // was set to a later time
        link(deadline, slot_tick(deadline.at_));
        continue;
      }
      deadline.at_ = TimePoint::max();
      deadline.on_deadline();
    }
  }
  wake_ = kNever;
  if (linked_ == 0) return;
  std::uint64_t next = current_ + 1;
  while (slots_[next % kSlots] == nullptr) ++next;
  wake_at(next);
}

void Deadlines::wake_at(std::uint64_t tick) {
  wake_ = tick;
  const TimePoint at = origin_ + static_cast<std::int64_t>(tick) * tick_;
  const auto delay = std::chrono::ceil<std::chrono::microseconds>(at - steady_now());
  const auto microseconds = std::max<std::int64_t>(delay.count(), 0);
  const timeval time{microseconds / 1'000'000, microseconds % 1'000'000};
  event_add(timer_, &time);
}

void Deadlines::link(Deadline& deadline, std::uint64_t tick) {
  if (tick <= current_) tick = current_ + 1;
  Deadline*& slot = slots_[tick % kSlots];
  deadline.wheel_ = this;
  deadline.tick_ = tick;
  deadline.next_ = slot;
  deadline.link_ = &slot;
  if (slot != nullptr) slot->link_ = &deadline.next_;
  slot = &deadline;
  ++linked_;
  if (tick < wake_) wake_at(tick);
}

std::uint64_t Deadlines::tick_of(TimePoint at) const {
  return at <= origin_ ? 0 : static_cast<std::uint64_t>((at - origin_) / tick_);
}

std::uint64_t Deadlines::slot_tick(TimePoint at) const {
  return std::min(tick_of(at) + 1, current_ + kSlots - 1);
}

}  // namespace gw::net
