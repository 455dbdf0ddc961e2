// SPDX-License-Identifier: Apache-2.0
// Signals as events of the main loop.
#pragma once

#include <vector>

#include "base/callback.h"
#include "net/event_loop.h"

namespace gw::net {

class Signals {
 public:
  Signals(EventLoop& loop, const std::vector<int>& signals, Callback<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  static void on_event(int signal, short, void* self) noexcept;

  EventLoop& loop_;
  Callback<void(int)> on_signal_;
  std::vector<event*> events_;
};

}  // namespace gw::net
