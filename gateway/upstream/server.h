// SPDX-License-Identifier: Apache-2.0
// One server of a cluster, as one worker knows it.
// THREAD: one worker.  OWNERSHIP: counted by its cluster and by leases, so a reload ends nothing early.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/histogram.h"
#include "base/local_ref.h"
#include "http/limits.h"
#include "net/buffer.h"
#include "net/deadlines.h"
#include "net/dialer.h"
#include "upstream/lease.h"
#include "upstream/options.h"
#include "upstream/outlier.h"
#include "upstream/pool.h"

namespace gw::upstream {

class HealthBoard;

// Immutable but for what health checks find; shared by the workers.
struct ClusterSpec {
  ClusterOptions options;
  std::shared_ptr<const net::ClientTls> tls;  // when any server is https
  std::shared_ptr<HealthBoard> health{};      // with health_check
};

// What the worker lends its clusters.
struct ClusterWorker {
  net::EventLoop& loop;
  net::Deadlines& deadlines;
  net::Dialer& dialer;
  net::BufferPool& buffers;
  std::span<char> scratch;
  const http::Limits& limits;
  bool checks_health = false;  // the one worker that does
};

class Server final : public LocalCounted<Server> {
 public:
  Server(std::shared_ptr<const ClusterSpec> spec, const ServerUrl& url, const ClusterWorker& worker);
  ~Server();

  Lease try_acquire() {
    if (worker_.loop.now() >= look_at_) look_again();
    return pool_->try_acquire();
  }
  net::Operation acquire(Acquired done) { return pool_->acquire(std::move(done)); }

  const ServerUrl& url() const { return url_; }
  const std::string& authority() const { return authority_; }  // for Host
  std::size_t active() const { return pool_->active(); }
  PoolState pool_state() const { return pool_->state(); }
  std::uint64_t dials() const { return dials_; }
  std::uint64_t failed_dials() const { return failed_dials_; }

  // How a request to it ended, for outlier ejection.
  void note_answer_after(std::chrono::nanoseconds waited) { answers_.observe(waited); }
  const Histogram& answers() const { return answers_; }  // from the request to the head of the answer
  void note_success() { outlier_.succeed(); }
  void note_failure();
  const Outlier& outlier() const { return outlier_; }

  // For its pool and leases.
  Pool& pool() { return *pool_; }
  const ClusterOptions& options() const { return spec_->options; }
  const ClusterWorker& worker() const { return worker_; }
  net::Operation dial(net::Dialer::Done done);
  // What a failed dial is to those who waited for it. Counts it.
  Error take_failure(const net::DialFailure& failure);

 private:
  // Connections that are kept alive would never ask for the name again, and never move with it.
  void look_again();

  const std::shared_ptr<const ClusterSpec> spec_;
  const ServerUrl url_;
  const ClusterWorker worker_;
  const std::string authority_;
  Outlier outlier_;
  std::uint64_t dials_ = 0;
  std::uint64_t failed_dials_ = 0;
  Histogram answers_;
  std::unique_ptr<Pool> pool_;
  TimePoint look_at_{};  // for an address: never
  net::Operation looking_;
  bool is_looking_ = false;
};

}  // namespace gw::upstream
