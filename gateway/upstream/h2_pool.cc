// SPDX-License-Identifier: Apache-2.0
#include "upstream/h2_pool.h"

#include <algorithm>
#include <utility>

namespace gw::upstream {
namespace {

constexpr std::size_t kWaiting = 1024;  // requests that wait for a stream, per server
constexpr std::size_t kExpected = 100;  // streams on a connection that is being made
constexpr Duration kAfterDial = 200ms;  // a dial that takes too long is the better answer

}  // namespace

H2Pool::~H2Pool() {
  loop().forget(*this);
  for (auto& client : clients_) {
    client->shut_down();
    loop().defer_delete(std::move(client));
  }
}

Lease H2Pool::try_acquire() {
  for (const auto& client : clients_)
    if (client->has_room()) return {LocalRef<Server>(&server_), client->open_stream()};
  return {};
}

net::Operation H2Pool::acquire(Acquired done) {
  const std::uint64_t id =
      waiters_.insert({std::move(done), loop().now() + server_.options().connect_timeout + kAfterDial});
  queue_.push_back(id);
  loop().run_later(*this);
  return {&H2Pool::cancel, this, id};
}

void H2Pool::give_back(std::unique_ptr<http::ClientStream> stream) {
  stream->cancel();
  loop().defer_delete(std::move(stream));
}

void H2Pool::keep_only(const net::Addresses& addresses) {
  for (const auto& client : clients_) {
    const net::Address peer = net::Address::of_peer(client->fd());
    if (std::none_of(addresses.begin(), addresses.end(),
                     [&](const net::Address& each) { return each.has_ip_of(peer); }))
      client->leave();
  }
}

std::size_t H2Pool::active() const {
  std::size_t all = queue_.size();
  for (const auto& client : clients_) all += client->streams();
  return all;
}

PoolState H2Pool::state() const {
  PoolState state{clients_.size() + dialing_, 0, waiters_.size()};
  for (const auto& client : clients_)
    if (client->streams() == 0) ++state.idle;
  return state;
}

void H2Pool::on_room(http::H2Client&) {
  if (!queue_.empty()) loop().run_later(*this);
}

void H2Pool::on_connection_ended(http::H2Client& client) {
  const auto found =
      std::find_if(clients_.begin(), clients_.end(), [&](const auto& each) { return each.get() == &client; });
  if (found == clients_.end()) return;
  loop().defer_delete(std::move(*found));
  clients_.erase(found);
  if (!queue_.empty()) loop().run_later(*this);
}

void H2Pool::run_task() {
  const LocalRef<Server> keep(&server_);  // who is answered may have been the last to hold it
  while (!queue_.empty()) {
    const std::uint64_t id = queue_.front();
    if (waiters_.find(id) != nullptr) {
      Lease lease = try_acquire();
      if (!lease) break;
      queue_.pop_front();
      answer(id, std::move(lease));
    } else {
      queue_.pop_front();  // cancelled
    }
  }
  if (queue_.empty()) return;
  dial_if_needed();
  set_deadline();
}

void H2Pool::on_deadline() {
  const TimePoint now = loop().now();
  const LocalRef<Server> keep(&server_);
  while (!queue_.empty()) {
    const Waiter* waiter = waiters_.find(queue_.front());
    if (waiter != nullptr && waiter->until > now && queue_.size() <= kWaiting) break;
    const std::uint64_t id = queue_.front();
    queue_.pop_front();
    if (waiter != nullptr)
      answer(id, Error(Fault::overloaded, "no stream to " + server_.url().text + " became free"));
  }
  set_deadline();
}

void H2Pool::set_deadline() {
  if (queue_.empty()) return;
  const Waiter* waiter = waiters_.find(queue_.front());
  const bool is_now = waiter == nullptr || queue_.size() > kWaiting;
  server_.worker().deadlines.set(*this, is_now ? loop().now() : waiter->until);
}

void H2Pool::dial_if_needed() {
  std::size_t fresh = 0, open = 0;
  for (const auto& client : clients_) {
    if (client->is_leaving()) continue;
    ++open;
    if (client->is_new()) ++fresh;
  }
  while (queue_.size() > (fresh + dialing_) * kExpected &&
         open + dialing_ < server_.options().max_connections) {
    ++dialing_;
    const std::uint64_t id = dials_.insert({});
    *dials_.find(id) =
        server_.dial([this, id](Result<std::unique_ptr<net::Stream>, net::DialFailure> result) {
          on_dialed(id, std::move(result));
        });
  }
}

void H2Pool::on_dialed(std::uint64_t id, Result<std::unique_ptr<net::Stream>, net::DialFailure> result) {
  const LocalRef<Server> keep(&server_);
  dials_.take(id);
  --dialing_;
  if (!result) return refuse_all(server_.take_failure(result.error()));
  if (server_.url().tls && (*result)->alpn() != "h2")
    return refuse_all({Fault::upstream_protocol, server_.url().text + ": does not take HTTP/2 (ALPN h2)"});
  const ClusterWorker& worker = server_.worker();
  const http::H2Client::Worker lent{worker.deadlines, worker.buffers, worker.scratch, worker.limits,
                                    server_.options().idle_timeout};
  clients_.push_back(
      std::make_unique<http::H2Client>(std::move(*result), lent, static_cast<http::H2ClientOwner&>(*this)));
  run_task();
}

// Those who wait now; who asks again from inside of his callback waits for the next dial.
void H2Pool::refuse_all(const Error& error) {
  for (const std::uint64_t id : std::exchange(queue_, {})) answer(id, error);
}

void H2Pool::answer(std::uint64_t id, Result<Lease> result) {
  if (auto waiter = waiters_.take(id)) waiter->done(std::move(result));
}

void H2Pool::cancel(void* self, std::uint64_t id) {
  auto* pool = static_cast<H2Pool*>(self);
  if (!pool->waiters_.take(id)) return;
  const auto queued = std::find(pool->queue_.begin(), pool->queue_.end(), id);
  if (queued != pool->queue_.end()) pool->queue_.erase(queued);
}

}  // namespace gw::upstream
