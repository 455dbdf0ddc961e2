// SPDX-License-Identifier: Apache-2.0
// Readiness of one descriptor. Reading is registered once; a pause takes effect when the next event comes, so
// short pauses cost no system call; from then on it is the peer's leaving that is watched for. Writing is
// watched only while something waits to be written.
// THREAD: one loop.
#pragma once

#include <event2/event_struct.h>

#include <memory>

#include "net/event_loop.h"
#include "net/hang_ups.h"

namespace gw::net {

class FdWatch final : private HangUps::Watch {
 public:
  class Events {
   public:
    virtual void on_readable() = 0;
    virtual void on_writable() = 0;
    // While reading is paused: the peer sends nothing more, or the connection has failed.
    virtual void on_hang_up() {}

   protected:
    ~Events() = default;
  };

  FdWatch(EventLoop& loop, int fd, Events& events);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  void set_reading(bool wanted);
  void set_writing(bool wanted);
  bool reading() const { return reading_; }
  EventLoop& loop() const { return loop_; }

 private:
  void on_hang_up() override;
  static void on_read(int, short, void* self) noexcept;
  static void on_write(int, short, void* self) noexcept;

  EventLoop& loop_;
  Events& events_;
  event read_;
  std::unique_ptr<event> write_;  // made when it is first needed: most connections never wait
  bool reading_ = false;          // wanted
  bool read_added_ = false;       // registered
  bool watches_end_ = false;
  bool writing_ = false;
};

}  // namespace gw::net
