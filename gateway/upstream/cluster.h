// SPDX-License-Identifier: Apache-2.0
// The servers of one upstream, as one worker knows them, and which of them is next.
// THREAD: one worker.  OWNERSHIP: counted by the worker's snapshot.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/local_ref.h"
#include "upstream/health.h"
#include "upstream/server.h"

namespace gw::upstream {

class Cluster : public LocalCounted<Cluster> {
 public:
  // Takes over what the checks of the cluster before found of the servers that both have; null: none.
  Cluster(std::shared_ptr<const ClusterSpec> spec, const ClusterWorker& worker,
          const Cluster* former = nullptr);

  const ClusterSpec& spec() const { return *spec_; }
  const ClusterOptions& options() const { return spec_->options; }

  // The server whose turn it is; another than `avoid` when there is one. With `hash` and a key, the key's. An
  // ejected server is used only when there is no other; null when health checks have taken all out.
  Server* pick(const Server* avoid = nullptr, std::optional<std::uint64_t> key = std::nullopt);

  // For metrics and the status.
  std::size_t size() const { return members_.size(); }
  const Server& server(std::size_t i) const { return *members_[i].server; }
  bool is_down(std::size_t i) const { return spec_->health != nullptr && spec_->health->is_down(i); }
  bool is_ejected(std::size_t i) const { return members_[i].server->outlier().is_ejected(now()); }

 private:
  struct Member {
    LocalRef<Server> server;
    std::uint64_t seed = 0;  // of its bids
    int current_weight = 0;
    bool candidate = false;  // of the pick that is being made
  };
  TimePoint now() const;
  void look_up_names(const ClusterWorker& worker);
  bool find_candidates(const Server* avoid, bool with_ejected);
  Server* pick_by_key(std::uint64_t key);
  Server* pick_by_turn();
  const Server* find_least_busy() const;

  std::shared_ptr<const ClusterSpec> spec_;
  std::vector<Member> members_;
  // Of the worker that checks:
  std::unique_ptr<HealthChecker> checker_;
  std::vector<net::Operation> first_looks_;  // at names
};

}  // namespace gw::upstream
