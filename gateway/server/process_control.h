// SPDX-License-Identifier: Apache-2.0
// The way from the admin address to the main thread: asks are posted there, answers posted back.
// THREAD: the calls of exchange::Control come from workers; the rest is the main thread's.
// OWNERSHIP: the Gateway; outlives the workers.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/slot_map.h"
#include "exchange/control.h"

namespace gw::server {

class Worker;

class ProcessControl final : public exchange::Control {
 public:
  // All called on the main thread.
  struct Actions {
    std::function<void(exchange::Census&)> describe;  // fills in all but the counters of workers
    std::function<exchange::ReloadReport()> reload;
    std::function<void()> drain;
  };

  ProcessControl(net::EventLoop& main, const std::vector<std::unique_ptr<Worker>>& workers, Actions actions)
      : main_(main), workers_(workers), actions_(std::move(actions)) {}

  net::Operation take_census(net::EventLoop& loop, Callback<void(exchange::Census)> done) override;
  net::Operation reload(net::EventLoop& loop, Callback<void(exchange::ReloadReport)> done) override;
  net::Operation find_receipts(net::EventLoop& loop, exchange::ReceiptQuery query,
                               Callback<void(std::vector<exchange::Receipt>)> done) override;
  void drain() override;

 private:
  using CensusTaken = Callback<void(exchange::Census)>;
  struct Gathering {
    exchange::Census census;
    std::size_t missing = 0;  // workers that have not answered
    CensusTaken done;
  };

  struct Search {
    std::vector<exchange::Receipt> found{};
    std::size_t limit = 1;
    std::size_t missing = 0;
    Callback<void(std::vector<exchange::Receipt>)> done;
  };

  void search(exchange::ReceiptQuery query, Callback<void(std::vector<exchange::Receipt>)> done);
  void add(SlotMap<Search>::Id id, std::vector<exchange::Receipt> found);
  void gather(CensusTaken done);
  void add(SlotMap<Gathering>::Id id, const exchange::Counters& counters);

  net::EventLoop& main_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  const Actions actions_;
  SlotMap<Gathering> gatherings_;
  SlotMap<Search> searches_;
};

}  // namespace gw::server
