// SPDX-License-Identifier: Apache-2.0
#include "net/fd_watch.h"

#include <event2/event.h>

namespace gw::net {

FdWatch::FdWatch(EventLoop& loop, int fd, Events& events) : loop_(loop), events_(events) {
  event_assign(&read_, loop.base(), fd, EV_READ | EV_PERSIST, &FdWatch::on_read, this);
}

FdWatch::~FdWatch() {
  if (read_added_) event_del(&read_);
  if (writing_) event_del(write_.get());
  if (watches_end_) loop_.hang_ups().forget(event_get_fd(&read_), *this);
}

void FdWatch::set_reading(bool wanted) {
  reading_ = wanted;
  if (!wanted || read_added_) return;
  event_add(&read_, nullptr);
  read_added_ = true;
}

void FdWatch::set_writing(bool wanted) {
  if (writing_ == wanted) return;
  writing_ = wanted;
  if (!wanted) {
    event_del(write_.get());
    return;
  }
  if (write_ == nullptr) {
    write_ = std::make_unique<event>();
    event_assign(write_.get(), loop_.base(), event_get_fd(&read_), EV_WRITE | EV_PERSIST, &FdWatch::on_write,
                 this);
  }
  event_add(write_.get(), nullptr);
}

void FdWatch::on_hang_up() {
  if (!reading_) events_.on_hang_up();  // else reading finds it
}

void FdWatch::on_read(int, short, void* self) noexcept {
  auto* watch = static_cast<FdWatch*>(self);
  EventLoop& loop = watch->loop_;
  loop.begin_callback();
  if (watch->reading_) {
    watch->events_.on_readable();
  } else {
    event_del(&watch->read_);
    watch->read_added_ = false;
    watch->watches_end_ = true;
    loop.hang_ups().watch(event_get_fd(&watch->read_), *watch);
  }
  loop.end_of_callback();
}

void FdWatch::on_write(int, short, void* self) noexcept {
  auto* watch = static_cast<FdWatch*>(self);
  EventLoop& loop = watch->loop_;
  loop.begin_callback();
  watch->events_.on_writable();
  loop.end_of_callback();
}

}  // namespace gw::net
