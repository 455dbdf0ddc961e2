// SPDX-License-Identifier: Apache-2.0
#include "upstream/h1_pool.h"

#include <algorithm>
#include <utility>

namespace gw::upstream {
namespace {

constexpr std::size_t kWaiting = 1024;  // requests that wait for a connection, per server
// More than `keepalive` connections stay idle that long: what comes in bursts needs them again at once.
constexpr Duration kSpare = 1s;

}  // namespace

H1Pool::~H1Pool() {
  loop().forget(*this);
  for (Idle& idle : idle_) loop().defer_delete(std::move(idle.connection));
}

Lease H1Pool::try_acquire() {
  if (idle_.empty()) return {};
  std::unique_ptr<http::H1Client> client = std::move(idle_.back().connection);
  idle_.pop_back();
  return {LocalRef<Server>(&server_), std::move(client)};
}

net::Operation H1Pool::acquire(Acquired done) {
  const TimePoint until = loop().now() + options().connect_timeout;
  const std::uint64_t id = waiters_.insert({std::move(done), {}, until});
  if (open_ < options().max_connections) {
    dial_for(id);
  } else {
    queue_.push_back(id);
    set_deadline();
  }
  return {&H1Pool::cancel, this, id};
}

void H1Pool::give_back(std::unique_ptr<http::ClientStream> given) {
  std::unique_ptr<http::H1Client> stream(static_cast<http::H1Client*>(given.release()));
  if (!stream->is_reusable() || !is_wanted(*stream) || (options().keepalive == 0 && queue_.empty())) {
    stream->cancel();
    --open_;
    loop().defer_delete(std::move(stream));
  } else {
    idle_.push_back({std::move(stream), loop().now()});
    if (idle_.size() == 1 || idle_.size() == options().keepalive + 1) set_deadline();
  }
  if (!queue_.empty()) loop().run_later(*this);
}

void H1Pool::keep_only(const net::Addresses& addresses) {
  if (std::equal(addresses.begin(), addresses.end(), wanted_.begin(), wanted_.end(),
                 [](const net::Address& a, const net::Address& b) { return a.has_ip_of(b); }))
    return;
  wanted_ = addresses;
  ++wanted_id_;
  for (Idle& idle : idle_) {
    if (is_wanted(*idle.connection)) continue;
    loop().defer_delete(std::move(idle.connection));
    --open_;
  }
  std::erase_if(idle_, [](const Idle& idle) { return idle.connection == nullptr; });
  if (!queue_.empty()) loop().run_later(*this);
}

bool H1Pool::is_wanted(http::H1Client& connection) const {
  if (std::exchange(connection.judged_by, wanted_id_) == wanted_id_) return true;
  const net::Address peer = net::Address::of_peer(connection.fd());
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [&](const net::Address& each) { return each.has_ip_of(peer); });
}

void H1Pool::on_idle_connection_lost(http::ClientStream& connection) {
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const Idle& idle) { return idle.connection.get() == &connection; });
  if (found == idle_.end()) return;
  loop().defer_delete(std::move(found->connection));
  idle_.erase(found);
  --open_;
}

void H1Pool::run_task() {
  const LocalRef<Server> keep(&server_);  // who is answered may have been the last to hold it
  while (!queue_.empty()) {
    const std::uint64_t id = queue_.front();
    if (waiters_.find(id) == nullptr) {  // cancelled
      queue_.pop_front();
      continue;
    }
    if (idle_.empty() && open_ >= options().max_connections) return;
    queue_.pop_front();
    if (Lease lease = try_acquire())
      answer(id, std::move(lease));
    else
      dial_for(id);
  }
}

void H1Pool::on_deadline() {
  const TimePoint now = loop().now();
  const LocalRef<Server> keep(&server_);
  while (!queue_.empty()) {
    const Waiter* waiter = waiters_.find(queue_.front());
    if (waiter != nullptr && waiter->until > now && queue_.size() <= kWaiting) break;
    const std::uint64_t id = queue_.front();
    queue_.pop_front();
    if (waiter != nullptr)
      answer(id, Error(Fault::overloaded, "no connection to " + server_.url().text + " became free"));
  }
  // The oldest are in front.
  std::size_t ended = 0;
  while (ended < idle_.size() && idle_[ended].since + may_be_idle(idle_.size() - ended) <= now)
    loop().defer_delete(std::move(idle_[ended++].connection));
  idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(ended));
  open_ -= ended;
  set_deadline();
}

// The oldest of `idle` connections.
Duration H1Pool::may_be_idle(std::size_t idle) const {
  return idle > options().keepalive ? std::min(kSpare, options().idle_timeout) : options().idle_timeout;
}

// To whatever ends first: the oldest are in front of both.
void H1Pool::set_deadline() {
  TimePoint next = TimePoint::max();
  if (!idle_.empty()) next = idle_.front().since + may_be_idle(idle_.size());
  if (!queue_.empty())
    if (const Waiter* waiter = waiters_.find(queue_.front())) next = std::min(next, waiter->until);
  if (queue_.size() > kWaiting) next = loop().now();
  if (next != TimePoint::max()) server_.worker().deadlines.set(*this, next);
}

void H1Pool::dial_for(std::uint64_t id) {
  ++open_;
  waiters_.find(id)->dial =
      server_.dial([this, id](Result<std::unique_ptr<net::Stream>, net::DialFailure> result) {
        on_dialed(id, std::move(result));
      });
}

void H1Pool::on_dialed(std::uint64_t id, Result<std::unique_ptr<net::Stream>, net::DialFailure> result) {
  const LocalRef<Server> keep(&server_);
  if (!result) {
    --open_;
    answer(id, server_.take_failure(result.error()));
    if (!queue_.empty()) loop().run_later(*this);
    return;
  }
  const ClusterWorker& worker = server_.worker();
  auto client = std::make_unique<http::H1Client>(std::move(*result), worker.buffers, worker.scratch,
                                                 worker.limits, static_cast<http::H1ClientOwner&>(*this));
  answer(id, Lease(LocalRef<Server>(&server_), std::move(client)));
}

void H1Pool::answer(std::uint64_t id, Result<Lease> result) {
  if (auto waiter = waiters_.take(id)) waiter->done(std::move(result));
}

void H1Pool::cancel(void* self, std::uint64_t id) {
  auto* pool = static_cast<H1Pool*>(self);
  const auto waiter = pool->waiters_.take(id);
  if (!waiter) return;
  const auto queued = std::find(pool->queue_.begin(), pool->queue_.end(), id);
  if (queued != pool->queue_.end()) {
    pool->queue_.erase(queued);
    return;
  }
  --pool->open_;  // the dial goes with the waiter
  if (!pool->queue_.empty()) pool->loop().run_later(*pool);
}

}  // namespace gw::upstream
