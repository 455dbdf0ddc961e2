// SPDX-License-Identifier: Apache-2.0
// Active health checks of one cluster. One worker asks the servers, all workers read what it found: a flag a
// server, written when a server goes down or comes up, and read without any order.
// THREAD: the board is shared; a checker belongs to the worker that checks.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "net/deadlines.h"
#include "upstream/server.h"

namespace gw::upstream {

class HealthBoard {
 public:
  explicit HealthBoard(std::size_t servers) : down_(servers) {}

  // By the server's place in ClusterOptions::servers. All are up until checks say otherwise.
  bool is_down(std::size_t server) const { return down_[server].load(std::memory_order_relaxed); }
  void set_down(std::size_t server, bool down) { down_[server].store(down, std::memory_order_relaxed); }

 private:
  std::vector<std::atomic<bool>> down_;
};

class HealthChecker {
 public:
  // Asks each server at once, then every interval. `servers` are those of the spec, in its order.
  HealthChecker(const ClusterSpec& spec, const std::vector<LocalRef<Server>>& servers,
                const ClusterWorker& worker);
  ~HealthChecker();
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

 private:
  class Probe;
  std::vector<std::unique_ptr<Probe>> probes_;
};

}  // namespace gw::upstream
