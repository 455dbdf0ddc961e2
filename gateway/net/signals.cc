// SPDX-License-Identifier: Apache-2.0
#include "net/signals.h"

#include <event2/event.h>

namespace gw::net {

Signals::Signals(EventLoop& loop, const std::vector<int>& signals, Callback<void(int)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  for (const int signal : signals) {
    events_.push_back(event_new(loop.base(), signal, EV_SIGNAL | EV_PERSIST, &Signals::on_event, this));
    event_add(events_.back(), nullptr);
  }
}

Signals::~Signals() {
  for (event* each : events_) event_free(each);
}

void Signals::on_event(int signal, short, void* self) noexcept {
  auto* signals = static_cast<Signals*>(self);
  signals->loop_.begin_callback();
  signals->on_signal_(signal);
  signals->loop_.end_of_callback();
}

}  // namespace gw::net
