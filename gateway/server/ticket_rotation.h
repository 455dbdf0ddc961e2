// SPDX-License-Identifier: Apache-2.0
// Makes the keys of session tickets and tells when there is a new one. They live in memory only: who steals
// a disk or a backup opens no session.
// THREAD: the main thread.
#pragma once

#include <utility>

#include "base/callback.h"
#include "net/deadlines.h"
#include "net/ticket_keys.h"

namespace gw::server {

class TicketRotation final : private net::Deadline {
 public:
  TicketRotation(net::Deadlines& deadlines, Callback<void(const net::TicketKey&)> on_next)
      : deadlines_(deadlines), on_next_(std::move(on_next)), current_(net::TicketKey::make()) {
    deadlines_.set_in(*this, net::TicketKeys::kPeriod);
  }

  const net::TicketKey& current() const { return current_; }

 private:
  void on_deadline() override {
    current_ = net::TicketKey::make();
    deadlines_.set_in(*this, net::TicketKeys::kPeriod);
    on_next_(current_);
  }

  net::Deadlines& deadlines_;
  Callback<void(const net::TicketKey&)> on_next_;
  net::TicketKey current_;
};

}  // namespace gw::server
