// SPDX-License-Identifier: Apache-2.0
// One event loop on one thread, and everything that it owns: listeners, connections, exchanges, upstream
// connections, caches. Nothing of it is touched from outside but through the loop's post().
// THREAD: start() and join() from the main thread; the rest on its own.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "auth/key_demand.h"
#include "auth/revocations.h"
#include "base/slot_map.h"
#include "exchange/access_log.h"
#include "exchange/audit_log.h"
#include "exchange/control.h"
#include "exchange/counters.h"
#include "exchange/exchange.h"
#include "exchange/tracer.h"
#include "net/blocking_pool.h"
#include "net/listener.h"
#include "server/downstream_connection.h"
#include "server/key_refresher.h"
#include "server/snapshot_builder.h"
#include "store/metered_store.h"
#include "store/shared_store.h"

namespace gw::mail {
class Outbox;
}

namespace gw::server {

// One of this worker's sockets, and what is behind it.
struct Door {
  UniqueFd socket;
  exchange::ListenerFacts facts;
  std::size_t listener = 0;  // index in ListenerList; meaningless for the admin door
};

// What the workers share. Outlives them.
struct SharedServices {
  net::BlockingPool& pool;
  store::Store* store = nullptr;  // null without login
  exchange::LogWriter& access_log;
  policy::RateLimits& rate_limits;
  unsigned workers = 1;
  exchange::Control* control = nullptr;         // not null where there is an admin address
  auth::KeyDemand::Ask ask_for_keys = nullptr;  // any thread; null: nobody fetches keys
  exchange::AuditWriter* audit = nullptr;       // null without log.audit
  bool checks_health = false;                   // of upstream servers, for all workers
  mail::Outbox* outbox = nullptr;               // null without login
  trace::Queue* spans = nullptr;                // null where nobody takes them
  store::SharedStore* shared_store = nullptr;   // the store, when replicas share it
};

class Worker {
 public:
  // `on_ready`, `on_failed` and `on_drained` are called on this worker's thread.
  struct Events {
    Callback<void()> on_ready;
    Callback<void(std::string)> on_failed;
    Callback<void()> on_drained;
  };

  Worker(const SharedServices& shared, const net::TicketKey& tickets, std::vector<Door> doors,
         std::shared_ptr<const exchange::Snapshot> snapshot, ListenerList listeners, Events events);
  ~Worker();

  void start(const std::string& name);
  void stop();  // closes what is left; any thread
  void join();

  // Any thread; done on the loop.
  void use(std::shared_ptr<const exchange::Snapshot> snapshot, ListenerList listeners);
  void hear(const KeyNews& news);
  void rotate_tickets(const net::TicketKey& next);
  void use_keys(std::shared_ptr<const auth::KeyStore> keys);  // of this gateway
  // No new connections; those that are idle end after `patience`. The admin address goes on to the end,
  // unless another process has it now.
  void drain(Duration patience, bool admin_too);
  void ping(Callback<void()> done);                     // called there
  void announce_ready() { all_ready_ = true; }          // every worker serves
  void count(Callback<void(exchange::Counters)> done);  // called there
  void find_receipts(exchange::ReceiptQuery query,
                     Callback<void(std::vector<exchange::Receipt>)> done);  // likewise

  // For its connections.
  net::EventLoop& loop() { return loop_; }
  net::Deadlines& deadlines() { return deadlines_; }
  const http::Limits& limits() const { return limits_; }
  http::ServerWorker codec_worker();
  std::unique_ptr<net::Stream> make_stream(const Door& door, UniqueFd fd);
  exchange::Exchange& open_exchange(http::ServerStream& stream, const exchange::Downstream& downstream);
  void release(std::uint64_t connection_id);
  RestingConnections& resting() { return resting_; }
  exchange::TlsCounters& tls_counters() { return counters_.tls; }
  bool is_draining() const { return draining_; }
  Duration drain_patience() const { return drain_patience_; }

 private:
  struct ReceiptSearch;
  void go_on_searching(std::shared_ptr<ReceiptSearch> search);

  void run();
  void watch_revocations();
  void load_revocations(int tries);
  void open_doors();
  void adopt(Door& door, UniqueFd fd, const net::Address& peer);
  void apply(std::shared_ptr<const exchange::Snapshot> snapshot, ListenerList listeners);
  void begin_draining(Duration patience, bool admin_too);
  void admit_more(bool wanted);
  void report_if_drained();
  void close_everything();
  exchange::Counters counted() const;
  bool lacks_keys() const;
  bool lacks_store() const;
  std::vector<std::string> troubles() const;
  upstream::ClusterWorker cluster_worker();

  store::Store* store() { return store_ ? &*store_ : nullptr; }

  const SharedServices shared_;
  Events events_;
  std::thread thread_;

  // In this order: what is below uses what is above.
  net::EventLoop loop_;
  net::Deadlines deadlines_{loop_};
  net::Dialer dialer_{loop_, deadlines_};
  net::BufferPool buffers_;
  std::vector<char> scratch_;
  http::Limits limits_;
  net::TicketKeys tickets_;
  ListenerList settings_;
  auth::Revocations revocations_;
  exchange::IdSource ids_;
  exchange::AccessLog access_log_;
  exchange::AuditLog audit_log_;
  const std::unique_ptr<exchange::Tracer> tracer_;  // null where nobody takes spans
  exchange::Counters counters_;
  std::optional<store::MeteredStore> store_;  // nothing without login
  auth::KeyDemand key_demand_;
  const std::unique_ptr<exchange::ReceiptRing> receipts_;  // null without an admin address
  exchange::Services services_;
  std::vector<exchange::IssuerHealth> issuers_;  // as last heard of
  std::vector<net::Operation> operations_;
  std::shared_ptr<const exchange::Snapshot> first_snapshot_;  // until the loop runs
  LocalRef<exchange::World> world_;
  std::vector<std::unique_ptr<exchange::Exchange>> exchanges_;
  std::vector<exchange::Exchange*> free_exchanges_;
  RestingConnections resting_;
  SlotMap<std::unique_ptr<DownstreamConnection>> connections_;
  std::vector<Door> doors_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::atomic<bool> all_ready_{false};
  std::size_t clients_ = 0;  // connections that are not to the admin address
  bool draining_ = false;
  Duration drain_patience_{};
  bool full_ = false;  // at the limit of connections
};

}  // namespace gw::server
