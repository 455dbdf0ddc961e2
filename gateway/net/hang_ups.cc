// SPDX-License-Identifier: Apache-2.0
#include "net/hang_ups.h"

#include <event2/event.h>
#include <sys/epoll.h>

#include <cstdlib>

#include "net/event_loop.h"

namespace gw::net {
namespace {

constexpr int kAtOnce = 64;  // then others have their turn

}  // namespace

HangUps::HangUps(EventLoop& loop) : loop_(loop), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0) std::abort();
  event_assign(&ready_, loop.base(), epoll_.get(), EV_READ | EV_PERSIST, &HangUps::on_ready, this);
  event_add(&ready_, nullptr);
}

HangUps::~HangUps() {
  event_del(&ready_);
}

void HangUps::watch(int fd, Watch& watch) {
  if (watch.armed_) return;
  epoll_event wanted{};
  wanted.events = EPOLLRDHUP | EPOLLONESHOT;
  wanted.data.ptr = &watch;
  // Without room for it the end is found when reading goes on.
  if (::epoll_ctl(epoll_.get(), watch.registered_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &wanted) != 0) return;
  watch.registered_ = watch.armed_ = true;
}

void HangUps::forget(int fd, Watch& watch) {
  if (!watch.registered_) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  watch.registered_ = watch.armed_ = false;
}

// One at a time: what one of them does may end the next.
HangUps::Watch* HangUps::next() {
  epoll_event event{};
  if (::epoll_wait(epoll_.get(), &event, 1, 0) != 1) return nullptr;
  auto* watch = static_cast<Watch*>(event.data.ptr);
  watch->armed_ = false;
  return watch;
}

void HangUps::on_ready(int, short, void* self) noexcept {
  auto& hang_ups = *static_cast<HangUps*>(self);
  hang_ups.loop_.begin_callback();
  for (int i = 0; i < kAtOnce; ++i) {
    Watch* watch = hang_ups.next();
    if (watch == nullptr) return;
    watch->on_hang_up();
    hang_ups.loop_.end_of_callback();
  }
}

}  // namespace gw::net
