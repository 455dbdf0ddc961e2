// SPDX-License-Identifier: Apache-2.0
#include "server/process_control.h"

#include <algorithm>
#include <iterator>

#include "server/worker.h"

namespace gw::server {
namespace {

// `done` gets the T that another thread completes with.
template <class T>
std::uint64_t expect(net::EventLoop& loop, Callback<void(T)> done) {
  return loop.expect(
      [done = std::move(done)](void* value) mutable { done(std::move(*static_cast<T*>(value))); });
}

}  // namespace

net::Operation ProcessControl::take_census(net::EventLoop& loop, Callback<void(exchange::Census)> done) {
  const std::uint64_t id = expect(loop, std::move(done));
  main_.post([this, &loop, id] {
    gather([&loop, id](exchange::Census census) { loop.complete_later(id, std::move(census)); });
  });
  return loop.operation_of(id);
}

net::Operation ProcessControl::reload(net::EventLoop& loop, Callback<void(exchange::ReloadReport)> done) {
  const std::uint64_t id = expect(loop, std::move(done));
  main_.post([this, &loop, id] {
    exchange::ReloadReport report = actions_.reload();
    // A round past every worker: whoever hears of the reload finds it done.
    gather([&loop, id, report = std::move(report)](exchange::Census) mutable {
      loop.complete_later(id, std::move(report));
    });
  });
  return loop.operation_of(id);
}

net::Operation ProcessControl::find_receipts(net::EventLoop& loop, exchange::ReceiptQuery query,
                                             Callback<void(std::vector<exchange::Receipt>)> done) {
  const std::uint64_t id = expect(loop, std::move(done));
  main_.post([this, &loop, id, query = std::move(query)]() mutable {
    search(std::move(query),
           [&loop, id](std::vector<exchange::Receipt> found) { loop.complete_later(id, std::move(found)); });
  });
  return loop.operation_of(id);
}

void ProcessControl::search(exchange::ReceiptQuery query,
                            Callback<void(std::vector<exchange::Receipt>)> done) {
  const auto id = searches_.insert(Search{{}, query.limit, workers_.size(), std::move(done)});
  for (const auto& worker : workers_)
    worker->find_receipts(query, [this, id](std::vector<exchange::Receipt> found) {
      main_.post([this, id, found = std::move(found)]() mutable { add(id, std::move(found)); });
    });
}

void ProcessControl::add(SlotMap<Search>::Id id, std::vector<exchange::Receipt> found) {
  Search* search = searches_.find(id);
  std::move(found.begin(), found.end(), std::back_inserter(search->found));
  if (--search->missing != 0) return;
  auto whole = searches_.take(id);
  std::stable_sort(whole->found.begin(), whole->found.end(),
                   [](const auto& a, const auto& b) { return a.at > b.at; });
  if (whole->found.size() > whole->limit) whole->found.resize(whole->limit);
  whole->done(std::move(whole->found));
}

void ProcessControl::drain() {
  main_.post([this] { actions_.drain(); });
}

void ProcessControl::gather(CensusTaken done) {
  Gathering gathering{{}, workers_.size(), std::move(done)};
  actions_.describe(gathering.census);
  const auto id = gatherings_.insert(std::move(gathering));
  for (const auto& worker : workers_)
    worker->count([this, id](exchange::Counters counters) {
      main_.post([this, id, counters = std::move(counters)] { add(id, counters); });
    });
}

void ProcessControl::add(SlotMap<Gathering>::Id id, const exchange::Counters& counters) {
  Gathering* gathering = gatherings_.find(id);
  gathering->census.counters += counters;
  if (--gathering->missing != 0) return;
  auto whole = gatherings_.take(id);
  whole->done(std::move(whole->census));
}

}  // namespace gw::server
