// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 connections to one server: those that are idle (last in, first out), those that are being made,
// and who waits for one.
// THREAD: one worker.  OWNERSHIP: held by its Server.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/slot_map.h"
#include "http/h1_client.h"
#include "net/deadlines.h"
#include "upstream/server.h"

namespace gw::upstream {

class H1Pool final : public Pool, private http::H1ClientOwner, private net::Task, private net::Deadline {
 public:
  explicit H1Pool(Server& server) : server_(server) {}
  ~H1Pool() override;

  Lease try_acquire() override;
  net::Operation acquire(Acquired done) override;
  void give_back(std::unique_ptr<http::ClientStream> stream) override;
  void keep_only(const net::Addresses& addresses) override;
  std::size_t active() const override { return open_ - idle_.size(); }
  PoolState state() const override { return {open_, idle_.size(), waiters_.size()}; }

 private:
  struct Idle {
    std::unique_ptr<http::H1Client> connection;
    TimePoint since;
  };
  struct Waiter {
    Acquired done;
    net::Operation dial;
    TimePoint until;
  };

  bool is_wanted(http::H1Client& connection) const;
  void on_idle_connection_lost(http::ClientStream& connection) override;
  void run_task() override;     // serves who waits
  void on_deadline() override;  // closes what was idle too long, refuses who waited too long
  void set_deadline();
  Duration may_be_idle(std::size_t idle) const;
  void dial_for(std::uint64_t id);
  void on_dialed(std::uint64_t id, Result<std::unique_ptr<net::Stream>, net::DialFailure> result);
  void answer(std::uint64_t id, Result<Lease> result);
  static void cancel(void* self, std::uint64_t id);
  const ClusterOptions& options() const { return server_.options(); }
  net::EventLoop& loop() const { return server_.worker().loop; }

  Server& server_;
  std::vector<Idle> idle_;
  net::Addresses wanted_;        // what the name stands for, once it has been asked for again
  std::uint32_t wanted_id_ = 0;  // another with each change of it
  std::size_t open_ = 0;         // idle, leased or being dialed
  SlotMap<Waiter> waiters_;
  std::deque<std::uint64_t> queue_;  // waiters for whom nothing is being dialed
};

}  // namespace gw::upstream
