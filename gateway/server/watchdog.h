// SPDX-License-Identifier: Apache-2.0
// Tells the service manager that every event loop still turns. When one does not, it says nothing, and is
// restarted. THREAD: the main thread.
#pragma once

#include <memory>
#include <vector>

#include "net/deadlines.h"
#include "server/service_manager.h"
#include "server/worker.h"

namespace gw::server {

class Watchdog final : private net::Deadline {
 public:
  Watchdog(const ServiceManager& manager, net::EventLoop& main, net::Deadlines& deadlines,
           const std::vector<std::unique_ptr<Worker>>& workers)
      : manager_(manager), main_(main), deadlines_(deadlines), workers_(workers) {
    on_deadline();
  }

 private:
  void on_deadline() override {
    deadlines_.set_in(*this, manager_.watchdog() / 3);
    if (waits_for_ != 0) return;
    manager_.tell("WATCHDOG=1");
    waits_for_ = workers_.size();
    for (const auto& worker : workers_) worker->ping([this] { main_.post([this] { --waits_for_; }); });
  }

  const ServiceManager& manager_;
  net::EventLoop& main_;
  net::Deadlines& deadlines_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  std::size_t waits_for_ = 0;
};

}  // namespace gw::server
