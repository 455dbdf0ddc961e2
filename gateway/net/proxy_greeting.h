// SPDX-License-Identifier: Apache-2.0
// Reads a PROXY header from a new connection and leaves what follows it, such as a TLS handshake, in the
// socket. THREAD: one loop.  OWNERSHIP: holds the descriptor until take_fd(); must not be destroyed inside
// its own events.
#pragma once

#include "base/unique_fd.h"
#include "net/fd_watch.h"
#include "net/proxy_header.h"

namespace gw::net {

class ProxyGreeting final : private FdWatch::Events {
 public:
  class Events {
   public:
    // The header is complete, or `why` says what is wrong; nothing comes after it.
    virtual void on_greeting(const ProxyHeader& header) = 0;
    virtual void on_greeting_failed(const char* why) = 0;

   protected:
    ~Events() = default;
  };

  ProxyGreeting(EventLoop& loop, UniqueFd fd, Events& events);

  UniqueFd take_fd() { return std::move(fd_); }

 private:
  void on_readable() override;
  void on_writable() override {}

  UniqueFd fd_;
  FdWatch watch_;
  Events& events_;
  ProxyHeader header_;
};

}  // namespace gw::net
