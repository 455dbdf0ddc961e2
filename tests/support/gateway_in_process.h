// SPDX-License-Identifier: Apache-2.0
// The whole pipeline in this process: workers over real sockets of the loopback, from a configuration text.
// Every worker has a port of its own, so a test chooses the one that serves.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "server/snapshot_builder.h"
#include "server/worker.h"
#include "support/scratch_dir.h"

namespace gw::test {

class GatewayInProcess {
 public:
  struct Options {
    unsigned workers = 1;
    store::Store* store = nullptr;
    policy::RateLimits* limits = nullptr;  // null: limits of its own
  };

  // `yaml` names one listener, on port 0.
  explicit GatewayInProcess(const std::string& yaml) : GatewayInProcess(yaml, Options()) {}
  GatewayInProcess(const std::string& yaml, const Options& options) {
    World world = build(yaml);
    const server::SharedServices shared{pool_, options.store, access_log_,
                                        options.limits == nullptr ? limits_ : *options.limits,
                                        options.workers};
    for (unsigned i = 0; i < options.workers; ++i) {
      server::Worker::Events events;
      events.on_ready = [this] { count(ready_); };
      events.on_failed = [this](std::string why) {
        ADD_FAILURE() << why;
        count(ready_);
      };
      events.on_drained = [this] { count(drained_); };
      workers_.push_back(std::make_unique<server::Worker>(shared, net::TicketKey::make(),
                                                          open_doors(world.tls), world.snapshot,
                                                          world.listeners, std::move(events)));
    }
    for (auto& worker : workers_) worker->start("flow");
    wait(ready_);
  }
  GatewayInProcess(const GatewayInProcess&) = delete;
  GatewayInProcess& operator=(const GatewayInProcess&) = delete;
  ~GatewayInProcess() { stop(); }

  std::uint16_t port(std::size_t worker = 0) const { return ports_[worker]; }

  // As SIGHUP does. Requests that come after it are served in the new world.
  void reload(const std::string& yaml) {
    const World world = build(yaml);
    for (auto& worker : workers_) worker->use(world.snapshot, world.listeners);
  }
  void drain() {
    for (auto& worker : workers_) worker->drain(std::chrono::milliseconds(100), false);
  }
  void wait_until_drained() { wait(drained_); }

  void stop() {
    for (auto& worker : workers_) worker->stop();
    for (auto& worker : workers_) worker->join();
    workers_.clear();
  }
  // The lines of the access log. Stops the gateway, so that all of them are there.
  std::vector<std::string> access_log_lines() {
    stop();
    writer_.reset();
    std::ifstream file(log_file_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

 private:
  struct World {
    std::shared_ptr<const exchange::Snapshot> snapshot;
    server::ListenerList listeners;
    bool tls = false;
  };

  static World build(const std::string& yaml) {
    config::Loaded loaded = config::load_text(yaml, {});
    config::Issues issues = std::move(loaded.issues);
    World world;
    if (loaded.config) {
      world.listeners = server::build_listeners(*loaded.config, issues);
      world.tls = loaded.config->listeners[0].tls.has_value();
      world.snapshot = server::build_snapshot(*loaded.config, server::Purpose::serve, issues);
    }
    if (world.snapshot == nullptr) {
      std::cerr << issues.format() << yaml;  // the test cannot go on
      std::abort();
    }
    return world;
  }

  std::vector<server::Door> open_doors(bool tls) {
    server::Door door;
    door.socket = std::move(*net::open_listening_socket({"127.0.0.1", 0, "", "127.0.0.1:0"}));
    ports_.push_back(net::bound_address(door.socket.get()).port());
    door.facts.port = ports_.back();
    door.facts.port_text = std::to_string(ports_.back());
    door.facts.tls = tls;
    std::vector<server::Door> doors;
    doors.push_back(std::move(door));
    return doors;
  }

  void count(std::size_t& what) {
    const std::lock_guard lock(mutex_);
    ++what;
    changed_.notify_all();
  }
  void wait(const std::size_t& what) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return what == workers_.size(); });
  }

  ScratchDir folder_;
  const std::string log_file_ = folder_ / "access.log";
  std::unique_ptr<exchange::LogWriter> writer_ = std::make_unique<exchange::LogWriter>(log_file_);
  exchange::LogWriter& access_log_ = *writer_;
  net::BlockingPool pool_{{1, 16}, "flow-block"};
  policy::LocalRateLimits limits_{{1, 2}, 1024};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t ready_ = 0;
  std::size_t drained_ = 0;
  std::vector<std::uint16_t> ports_;
  std::vector<std::unique_ptr<server::Worker>> workers_;
};

}  // namespace gw::test
