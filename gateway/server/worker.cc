// SPDX-License-Identifier: Apache-2.0
#include "server/worker.h"

#include <pthread.h>

#include <algorithm>
#include <string_view>

#include "base/log.h"

namespace gw::server {
namespace {

constexpr int kLoads = 20;                   // of the list of revocations, before the start has failed
constexpr std::size_t kScratch = 64 * 1024;  // one read of an upstream's answer

std::optional<store::MeteredStore> meter(store::Store* store) {
  if (store == nullptr) return std::nullopt;
  return store::MeteredStore(*store);
}

}  // namespace

Worker::Worker(const SharedServices& shared, const net::TicketKey& tickets, std::vector<Door> doors,
               std::shared_ptr<const exchange::Snapshot> snapshot, ListenerList listeners, Events events)
    : shared_(shared),
      events_(std::move(events)),
      scratch_(kScratch),
      limits_(snapshot->limits),
      tickets_(tickets),
      settings_(std::move(listeners)),
      access_log_(deadlines_, shared.access_log),
      audit_log_(deadlines_, shared.audit),
      tracer_(shared.spans != nullptr ? std::make_unique<exchange::Tracer>(deadlines_, *shared.spans)
                                      : nullptr),
      store_(meter(shared.store)),
      key_demand_(loop_, deadlines_, [this](const std::string& issuer) { shared_.ask_for_keys(issuer); }),
      receipts_(shared.control != nullptr ? std::make_unique<exchange::ReceiptRing>(shared.workers)
                                          : nullptr),
      services_{loop_,
                deadlines_,
                buffers_,
                shared.pool,
                revocations_,
                ids_,
                access_log_,
                [this](exchange::Exchange& exchange) { free_exchanges_.push_back(&exchange); },
                [this] { return all_ready_.load() && !draining_ && !lacks_keys() && !lacks_store(); },
                [this] { return draining_; },
                [this] { return troubles(); },
                counters_,
                shared.rate_limits,
                store(),
                shared.ask_for_keys ? &key_demand_ : nullptr,
                shared.control,
                shared.audit != nullptr ? &audit_log_ : nullptr,
                nullptr,
                shared.outbox,
                receipts_.get(),
                tracer_.get(),
                shared.shared_store},
      first_snapshot_(std::move(snapshot)),
      doors_(std::move(doors)) {}

Worker::~Worker() {
  join();
}

void Worker::start(const std::string& name) {
  // By itself: the sandbox allows no other thread's name to be written.
  thread_ = std::thread([this, name] {
    pthread_setname_np(pthread_self(), name.c_str());
    run();
  });
}

void Worker::stop() {
  loop_.post([this] {
    close_everything();
    loop_.stop();
  });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::use(std::shared_ptr<const exchange::Snapshot> snapshot, ListenerList listeners) {
  loop_.post([this, snapshot = std::move(snapshot), listeners = std::move(listeners)]() mutable {
    apply(std::move(snapshot), std::move(listeners));
  });
}

void Worker::hear(const KeyNews& news) {
  loop_.post([this, news] {
    if (news.keys != nullptr && world_) world_->verifier.replace_keys(news.health.name, *news.keys);
    const auto known = std::find_if(issuers_.begin(), issuers_.end(),
                                    [&](const auto& issuer) { return issuer.name == news.health.name; });
    if (known == issuers_.end())
      issuers_.push_back(news.health);
    else
      *known = news.health;
    key_demand_.on_answer(news.health.name, news.next_ask);
  });
}

void Worker::use_keys(std::shared_ptr<const auth::KeyStore> keys) {
  loop_.post([this, keys = std::move(keys)]() mutable {
    if (world_) world_->use_keys(std::move(keys));
  });
}

void Worker::drain(Duration patience, bool admin_too) {
  loop_.post([this, patience, admin_too] { begin_draining(patience, admin_too); });
}

void Worker::ping(Callback<void()> done) {
  loop_.post([done = std::move(done)]() mutable { done(); });
}

void Worker::count(Callback<void(exchange::Counters)> done) {
  loop_.post([this, done = std::move(done)]() mutable {
    revocations_.purge(loop_.wall());
    done(counted());
  });
}

struct Worker::ReceiptSearch {
  exchange::ReceiptQuery query;
  Callback<void(std::vector<exchange::Receipt>)> done;
  std::optional<std::uint64_t> from{};
  std::vector<exchange::Receipt> found{};
};

void Worker::find_receipts(exchange::ReceiptQuery query,
                           Callback<void(std::vector<exchange::Receipt>)> done) {
  auto search = std::make_shared<ReceiptSearch>(ReceiptSearch{std::move(query), std::move(done)});
  loop_.post([this, search = std::move(search)]() mutable { go_on_searching(std::move(search)); });
}

// A piece at a time: requests have their turn in between.
void Worker::go_on_searching(std::shared_ptr<ReceiptSearch> search) {
  if (receipts_ != nullptr) search->from = receipts_->search(search->query, search->from, search->found);
  if (!search->from) return search->done(std::move(search->found));
  loop_.post([this, search = std::move(search)]() mutable { go_on_searching(std::move(search)); });
}

void Worker::run() {
  apply(std::move(first_snapshot_), std::move(settings_));
  if (store_)
    watch_revocations();
  else
    open_doors();
  loop_.run();
}

// No request is served before what was revoked is known.
void Worker::watch_revocations() {
  operations_.push_back(store_->watch_revocations(
      loop_, [this](const store::Revocation& revocation) { revocations_.apply(revocation, loop_.wall()); }));
  load_revocations(shared_.shared_store != nullptr ? kLoads : 1);
}

// A store that others share may be slow for once.
void Worker::load_revocations(int tries) {
  operations_.push_back(store_->load_revocations(
      loop_, wall_now(), [this, tries](Result<std::vector<store::Revocation>> loaded) {
        if (!loaded && tries > 1) return load_revocations(tries - 1);
        if (!loaded) return events_.on_failed("cannot read the revocations: " + loaded.error().detail);
        for (const store::Revocation& revocation : *loaded) revocations_.apply(revocation, wall_now());
        open_doors();
      }));
}

void Worker::open_doors() {
  for (Door& door : doors_)
    listeners_.push_back(std::make_unique<net::Listener>(
        loop_, std::move(door.socket),
        [this, &door](UniqueFd fd, const net::Address& peer) { adopt(door, std::move(fd), peer); }));
  events_.on_ready();
}

void Worker::adopt(Door& door, UniqueFd fd, const net::Address& peer) {
  auto connection = std::make_unique<DownstreamConnection>(*this, door, std::move(fd), peer);
  DownstreamConnection& adopted = *connection;
  adopted.set_id(connections_.insert(std::move(connection)));
  if (door.facts.door != exchange::Door::admin) ++clients_;
  adopted.start();
  if (clients_ >= std::max<std::size_t>(1, limits_.connections / shared_.workers)) admit_more(false);
}

std::unique_ptr<net::Stream> Worker::make_stream(const Door& door, UniqueFd fd) {
  if (!door.facts.tls) return net::make_tcp_stream(loop_, std::move(fd));
  return settings_[door.listener].tls->accept(loop_, std::move(fd), tickets_);
}

void Worker::rotate_tickets(const net::TicketKey& next) {
  loop_.post([this, next] { tickets_.rotate(next); });
}

void Worker::admit_more(bool wanted) {
  full_ = !wanted;
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    if (doors_[i].facts.door != exchange::Door::admin && listeners_[i] != nullptr)
      listeners_[i]->set_accepting(wanted);
}

http::ServerWorker Worker::codec_worker() {
  return {deadlines_, buffers_, scratch_, limits_};
}

upstream::ClusterWorker Worker::cluster_worker() {
  return {loop_, deadlines_, dialer_, buffers_, scratch_, limits_, shared_.checks_health};
}

exchange::Exchange& Worker::open_exchange(http::ServerStream& stream,
                                          const exchange::Downstream& downstream) {
  if (free_exchanges_.empty()) {
    exchanges_.push_back(std::make_unique<exchange::Exchange>(services_));
    free_exchanges_.push_back(exchanges_.back().get());
  }
  exchange::Exchange& exchange = *free_exchanges_.back();
  free_exchanges_.pop_back();
  exchange.open(stream, downstream, world_);
  return exchange;
}

void Worker::release(std::uint64_t connection_id) {
  auto connection = connections_.take(connection_id);
  if (!connection) return;
  const bool was_client = !(*connection)->is_admin();
  loop_.defer_delete(std::move(*connection));
  if (!was_client) return;
  --clients_;
  if (full_ && !draining_) admit_more(true);
  report_if_drained();
}

void Worker::apply(std::shared_ptr<const exchange::Snapshot> snapshot, ListenerList listeners) {
  limits_ = snapshot->limits;
  settings_ = std::move(listeners);
  for (Door& door : doors_)
    if (door.facts.door != exchange::Door::admin) {
      const ListenerSettings& settings = settings_[door.listener];
      door.facts.trusted_proxies = settings.trusted_proxies;
      door.facts.proxy_protocol = settings.proxy_protocol;
      door.facts.http2 = settings.http2;
    }
  if (world_) {  // its cache goes, what it counted stays
    counters_.token_cache_hits += world_->verifier.cache().hits();
    counters_.token_cache_misses += world_->verifier.cache().misses();
  }
  counters_.keep_routes([&](const std::string& name) { return snapshot->routes.has_route(name); });
  world_ = make_local<exchange::World>(std::move(snapshot), cluster_worker(), store(), world_.get());
}

bool Worker::lacks_keys() const {
  const auto& issuers = *world_->snapshot->issuers;
  return std::any_of(issuers.begin(), issuers.end(), [&](const auth::Issuer& issuer) {
    return issuer.is_remote && !world_->verifier.has_keys(issuer.name);
  });
}

// Its revocations are too old to judge by.
bool Worker::lacks_store() const {
  const exchange::Snapshot& snapshot = *world_->snapshot;
  return shared_.shared_store != nullptr && !snapshot.serves_without_store &&
         shared_.shared_store->revocation_lag() > snapshot.max_revocation_lag;
}

std::vector<std::string> Worker::troubles() const {
  std::vector<std::string> all;
  if (shared_.shared_store != nullptr) {
    const store::StoreHealth health = shared_.shared_store->health();
    if (health.lag > world_->snapshot->max_revocation_lag || !health.up)
      all.push_back("store: " + (health.trouble.empty() ? "does not answer" : health.trouble));
  }
  for (const auth::Issuer& issuer : *world_->snapshot->issuers) {
    if (!issuer.is_remote) continue;
    const auto known = std::find_if(issuers_.begin(), issuers_.end(),
                                    [&](const auto& one) { return one.name == issuer.name; });
    const bool bad = known != issuers_.end() && !known->problem.empty();
    if (!world_->verifier.has_keys(issuer.name))
      all.push_back("issuer " + issuer.name + " has no keys yet" + (bad ? ": " + known->problem : ""));
    else if (bad)
      all.push_back("issuer " + issuer.name + " serves on with its last keys: " + known->problem);
  }
  return all;
}

exchange::Counters Worker::counted() const {
  exchange::Counters all = counters_;
  all.connections = clients_;
  all.rounds = loop_.rounds();
  if (store_) all.store = store_->meter();
  if (world_) {
    const auth::TokenCache& cache = world_->verifier.cache();
    all.token_cache_entries = cache.size();
    all.token_cache_hits += cache.hits();
    all.token_cache_misses += cache.misses();
    for (const auto& cluster : world_->clusters)
      for (std::size_t i = 0; i < cluster->size(); ++i) {
        const upstream::Server& server = cluster->server(i);
        const upstream::PoolState pool = server.pool_state();
        const auto key = std::pair(cluster->options().name, server.url().text);
        const exchange::ServerState state{.up = !cluster->is_down(i),
                                          .ejected = cluster->is_ejected(i) ? 1u : 0u,
                                          .ejections = server.outlier().ejections(),
                                          .active = server.active(),
                                          .idle = pool.idle,
                                          .open = pool.open,
                                          .waiting = pool.waiting,
                                          .dials = server.dials(),
                                          .failed_dials = server.failed_dials()};
        const auto [known, is_new] = all.servers.emplace(key, state);
        if (!is_new) known->second += state;
        all.upstream_times[cluster->options().name] += server.answers();
      }
  }
  return all;
}

void Worker::begin_draining(Duration patience, bool admin_too) {
  if (draining_) return;
  draining_ = true;
  drain_patience_ = patience;
  // The admin address says that we are draining.
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    if (admin_too || doors_[i].facts.door != exchange::Door::admin) listeners_[i].reset();
  std::vector<DownstreamConnection*> all;
  connections_.for_each([&](auto& connection) { all.push_back(connection.get()); });
  for (DownstreamConnection* connection : all) connection->drain(patience);
  report_if_drained();
}

void Worker::report_if_drained() {
  if (draining_ && clients_ == 0 && events_.on_drained) std::exchange(events_.on_drained, {})();
}

void Worker::close_everything() {
  listeners_.clear();
  std::vector<DownstreamConnection*> all;
  connections_.for_each([&](auto& connection) { all.push_back(connection.get()); });
  for (DownstreamConnection* connection : all) connection->close();
  loop_.end_of_callback();
  operations_.clear();
  exchanges_.clear();
  world_.reset();
  loop_.end_of_callback();
}

}  // namespace gw::server
