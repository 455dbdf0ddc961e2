// SPDX-License-Identifier: Apache-2.0
// HTTP/2 connections to one server: as few as its limit of streams allows. Another is dialed only when none
// has room. Who waits is served in turn, by whichever connection has room first. THREAD: one worker.
// OWNERSHIP: held by its Server.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/slot_map.h"
#include "http/h2_client.h"
#include "net/deadlines.h"
#include "upstream/server.h"

namespace gw::upstream {

class H2Pool final : public Pool, private http::H2ClientOwner, private net::Task, private net::Deadline {
 public:
  explicit H2Pool(Server& server) : server_(server) {}
  ~H2Pool() override;

  Lease try_acquire() override;
  net::Operation acquire(Acquired done) override;
  void give_back(std::unique_ptr<http::ClientStream> stream) override;
  void keep_only(const net::Addresses& addresses) override;
  std::size_t active() const override;
  PoolState state() const override;

 private:
  struct Waiter {
    Acquired done;
    TimePoint until;
  };

  void on_room(http::H2Client& client) override;
  void on_connection_ended(http::H2Client& client) override;
  void run_task() override;     // serves who waits
  void on_deadline() override;  // refuses who waited too long
  void set_deadline();
  void dial_if_needed();
  void on_dialed(std::uint64_t id, Result<std::unique_ptr<net::Stream>, net::DialFailure> result);
  void refuse_all(const Error& error);
  void answer(std::uint64_t id, Result<Lease> result);
  static void cancel(void* self, std::uint64_t id);
  net::EventLoop& loop() const { return server_.worker().loop; }

  Server& server_;
  std::vector<std::unique_ptr<http::H2Client>> clients_;
  SlotMap<net::Operation> dials_;
  std::size_t dialing_ = 0;
  SlotMap<Waiter> waiters_;
  std::deque<std::uint64_t> queue_;  // of waiters, some cancelled
};

}  // namespace gw::upstream
