// SPDX-License-Identifier: Apache-2.0
// Tells of peers that have left while nobody reads what they sent: the end of a stream is behind bytes that
// are not wanted yet, so no read would find it. Asks the kernel directly, because libevent spins on a
// descriptor that has failed when it watches for nothing but its end. THREAD: one loop.  OWNERSHIP: held by
// the loop.
#pragma once

#include <event2/event_struct.h>

#include "base/unique_fd.h"

namespace gw::net {

class EventLoop;

class HangUps {
 public:
  // Derive from it. Told once for each watch(); no more after forget().
  class Watch {
   public:
    virtual void on_hang_up() = 0;

   protected:
    ~Watch() = default;

   private:
    friend class HangUps;
    bool registered_ = false;
    bool armed_ = false;
  };

  explicit HangUps(EventLoop& loop);
  ~HangUps();
  HangUps(const HangUps&) = delete;
  HangUps& operator=(const HangUps&) = delete;

  // Of a peer that has left already, too. Asking twice is once.
  void watch(int fd, Watch& watch);
  // REQUIRES: before `fd` is closed.
  void forget(int fd, Watch& watch);

 private:
  static void on_ready(int, short, void* self) noexcept;
  Watch* next();

  EventLoop& loop_;
  UniqueFd epoll_;
  event ready_;
};

}  // namespace gw::net
