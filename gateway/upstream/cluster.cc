// SPDX-License-Identifier: Apache-2.0
#include "upstream/cluster.h"

#include <utility>

#include "base/log.h"
#include "upstream/hash.h"

namespace gw::upstream {
namespace {

// For its weight: a/wa < b/wb without division.
bool is_less_busy(const Server& a, const Server& b) {
  return a.active() * b.url().weight < b.active() * a.url().weight;
}

}  // namespace

bool are_alike(const ClusterOptions& a, const ClusterOptions& b) {
  // The files behind the TLS options may have changed.
  for (const ServerUrl& server : a.servers)
    if (server.tls) return false;
  return a.name == b.name && a.servers == b.servers && a.balance == b.balance && a.http2 == b.http2 &&
         a.tls == b.tls && a.connect_timeout == b.connect_timeout &&
         a.response_timeout == b.response_timeout && a.idle_timeout == b.idle_timeout &&
         a.keepalive == b.keepalive && a.max_connections == b.max_connections && a.retries == b.retries &&
         a.host == b.host && a.hash_by == b.hash_by && a.hash_header == b.hash_header &&
         a.health_check == b.health_check && a.outlier == b.outlier && a.profile == b.profile;
}

Cluster::Cluster(std::shared_ptr<const ClusterSpec> spec, const ClusterWorker& worker, const Cluster* former)
    : spec_(std::move(spec)) {
  std::vector<LocalRef<Server>> servers;
  for (const ServerUrl& url : spec_->options.servers) {
    servers.push_back(make_local<Server>(spec_, url, worker));
    members_.push_back({servers.back(), hash_text(url.text)});
  }
  if (!worker.checks_health) return;
  look_up_names(worker);
  if (spec_->health == nullptr) return;
  for (std::size_t i = 0; former != nullptr && i < members_.size(); ++i)
    for (std::size_t j = 0; j < former->members_.size(); ++j)
      if (former->server(j).url() == servers[i]->url()) spec_->health->set_down(i, former->is_down(j));
  checker_ = std::make_unique<HealthChecker>(*spec_, servers, worker);
}

// A name that does not resolve yet is told at once; requests go on asking for it.
void Cluster::look_up_names(const ClusterWorker& worker) {
  for (const ServerUrl& url : options().servers) {
    if (url.host.starts_with('/') || net::Address::parse(url.host, 0)) continue;
    first_looks_.push_back(
        worker.dialer.resolver().resolve(url.host, [this, &url](Result<net::Addresses, std::string> found) {
          if (!found)
            log::warn("the name of an upstream server does not resolve",
                      {{"upstream", options().name}, {"server", url.text}, {"why", found.error()}});
        }));
  }
}

TimePoint Cluster::now() const {
  return members_.front().server->worker().loop.now();
}

Server* Cluster::pick(const Server* avoid, std::optional<std::uint64_t> key) {
  if (members_.size() == 1) return is_down(0) ? nullptr : members_.front().server.get();
  if (!find_candidates(avoid, false) && !find_candidates(avoid, true) && !find_candidates(nullptr, true))
    return nullptr;
  return options().balance == Balance::hash && key ? pick_by_key(*key) : pick_by_turn();
}

bool Cluster::find_candidates(const Server* avoid, bool with_ejected) {
  bool found = false;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i].candidate =
        members_[i].server.get() != avoid && !is_down(i) && (with_ejected || !is_ejected(i));
    found = found || members_[i].candidate;
  }
  return found;
}

Server* Cluster::pick_by_key(std::uint64_t key) {
  Server* best = nullptr;
  double highest = 0;
  for (const Member& member : members_) {
    if (!member.candidate) continue;
    const double offered = bid(key, member.seed, member.server->url().weight);
    if (best != nullptr && offered <= highest) continue;
    best = member.server.get();
    highest = offered;
  }
  return best;
}

const Server* Cluster::find_least_busy() const {
  const Server* least = nullptr;
  for (const Member& member : members_)
    if (member.candidate && (least == nullptr || is_less_busy(*member.server, *least)))
      least = member.server.get();
  return least;
}

// Smooth weighted round robin, as nginx does it: no bursts to the heavy one. Those that are equally busy take
// turns.
Server* Cluster::pick_by_turn() {
  const Server* least = options().balance == Balance::least_requests ? find_least_busy() : nullptr;
  Member* best = nullptr;
  int total = 0;
  for (Member& member : members_) {
    const Server& server = *member.server;
    if (!member.candidate || (least != nullptr && is_less_busy(*least, server))) continue;
    member.current_weight += static_cast<int>(server.url().weight);
    total += static_cast<int>(server.url().weight);
    if (best == nullptr || member.current_weight > best->current_weight) best = &member;
  }
  best->current_weight -= total;
  return best->server.get();
}

}  // namespace gw::upstream
