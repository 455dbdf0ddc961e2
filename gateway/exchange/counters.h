// SPDX-License-Identifier: Apache-2.0
// What one worker counts: plain numbers, so that a request costs no lock and no shared cache line. A scrape
// asks every worker for a copy and adds them up; format_metrics() writes the sum as Prometheus text.
// What stands in labels is bounded: classes of status codes, problem codes, names of upstreams.
// THREAD: one worker's; copies are anybody's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "exchange/issuer_health.h"
#include "store/shared_store.h"

namespace gw::exchange {

// Of seconds, in fixed buckets.
class Histogram {
 public:
  static constexpr std::array kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};

  void observe(std::chrono::nanoseconds spent);
  Histogram& operator+=(const Histogram& other);

  // Observations at or below kBounds[i]; with i == kBounds.size(), all.
  std::uint64_t cumulative(std::size_t i) const;
  std::uint64_t count() const { return cumulative(kBounds.size()); }
  std::chrono::nanoseconds sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> buckets_{};  // each its own; the last is what is slower
  std::chrono::nanoseconds sum_{0};
};

// One exchange that is over.
struct Finished {
  std::uint16_t status = 0;     // 0: the client left before an answer
  std::string_view code{};      // of an error that the gateway made
  std::string_view upstream{};  // empty when the gateway answers itself
  bool is_login = false;
  bool would_refuse = false;
  bool shadow_would_refuse = false;
  std::chrono::nanoseconds spent{0};
};

// One server of an upstream, as of now.
struct ServerState {
  bool up = true;               // no health check says otherwise
  std::uint64_t ejected = 0;    // workers that send it nothing for a while
  std::uint64_t ejections = 0;  // since the configuration that it is of
  std::uint64_t active = 0;     // requests

  ServerState& operator+=(const ServerState& other);
};

struct Counters {
  // By class: [2] is 2xx, [0] is without an answer.
  std::array<std::uint64_t, 6> requests{};
  std::array<std::uint64_t, kFaults> refusals{};
  std::uint64_t unenforced_refusals = 0;
  std::uint64_t shadow_refusals = 0;
  std::uint64_t logins = 0;
  std::array<std::uint64_t, kFaults> failed_logins{};
  std::map<std::pair<std::string, Fault>, std::uint64_t> upstream_failures;
  Histogram durations;
  std::uint64_t token_cache_hits = 0;
  std::uint64_t token_cache_misses = 0;
  // As of now, not since the start.
  std::uint64_t connections = 0;
  std::uint64_t token_cache_entries = 0;
  std::map<std::pair<std::string, std::string>, ServerState> servers;  // by upstream and server

  void record(const Finished& finished);
  Counters& operator+=(const Counters& other);
};

// What is counted once a process.
struct ProcessCounters {
  std::uint64_t config_reloads = 0;
  std::uint64_t config_reload_failures = 0;
  std::uint64_t access_log_dropped = 0;
  std::optional<std::uint64_t> audit_log_dropped{};  // nothing without log.audit
  std::vector<IssuerHealth> issuers{};               // those whose keys are fetched
  std::optional<store::StoreHealth> store{};         // that replicas share
};

std::string format_metrics(const Counters& counters, const ProcessCounters& process,
                           std::string_view version);

}  // namespace gw::exchange
