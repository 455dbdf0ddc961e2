// SPDX-License-Identifier: Apache-2.0
// What one worker counts: plain numbers, so that a request costs no lock and no shared cache line. A scrape
// asks every worker for a copy and adds them up; metrics_text.h writes the sum.
// What stands in labels is bounded: classes of status codes, problem codes, names of the configuration.
// THREAD: one worker's; copies are anybody's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/histogram.h"
#include "exchange/issuer_health.h"
#include "store/shared_store.h"
#include "store/store_meter.h"

namespace gw::exchange {

// One exchange that is over.
struct Finished {
  std::uint16_t status = 0;     // 0: the client left before an answer
  std::string_view code{};      // of an error that the gateway made
  std::string_view upstream{};  // empty when the gateway answers itself
  std::string_view route{};     // that the request was matched to
  std::string_view refusal{};   // the code, where a browser was sent to a page instead
  bool is_login = false;
  bool would_refuse = false;
  bool shadow_would_refuse = false;
  std::chrono::nanoseconds spent{0};
};

// What became of the requests of one route: went on to the service, or were refused by the gateway.
struct Decisions {
  std::uint64_t allowed = 0;
  std::vector<std::pair<Fault, std::uint64_t>> refused{};  // that occurred

  void refuse(Fault fault, std::uint64_t times = 1);
  Decisions& operator+=(const Decisions& other);
};

// Handshakes with clients, by version and whether a session was resumed.
struct TlsCounters {
  enum Version : std::uint8_t { tls12, tls13 };
  std::array<std::array<std::uint64_t, 2>, 2> done{};  // [version][resumed]
  std::uint64_t failed = 0;

  TlsCounters& operator+=(const TlsCounters& other);
};

// One server of an upstream, as of now.
struct ServerState {
  bool up = true;               // no health check says otherwise
  std::uint64_t ejected = 0;    // workers that send it nothing for a while
  std::uint64_t ejections = 0;  // since the configuration that it is of
  std::uint64_t active = 0;     // requests
  std::uint64_t idle = 0;       // connections without one
  std::uint64_t open = 0;       // connections, also those that are being made
  std::uint64_t waiting = 0;    // requests without a connection
  std::uint64_t dials = 0;      // since the configuration that it is of
  std::uint64_t failed_dials = 0;

  ServerState& operator+=(const ServerState& other);
};

struct Counters {
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using ByRoute = std::unordered_map<std::string, Decisions, Hash, std::equal_to<>>;
  static constexpr std::size_t kMostRoutes = 4096;  // of whose decisions there are series
  static constexpr std::string_view kNoRoute = "(none)";
  static constexpr std::string_view kOtherRoutes = "(other)";

  // By class: [2] is 2xx, [0] is without an answer.
  std::array<std::uint64_t, 6> requests{};
  std::array<std::uint64_t, kFaults> refusals{};
  std::uint64_t unenforced_refusals = 0;
  std::uint64_t shadow_refusals = 0;
  std::uint64_t logins = 0;
  std::array<std::uint64_t, kFaults> failed_logins{};
  std::map<std::pair<std::string, Fault>, std::uint64_t> upstream_failures;
  ByRoute decisions;
  Histogram durations;
  Histogram logins_spent;  // whatever came of them
  TlsCounters tls;
  std::uint64_t token_cache_hits = 0;
  std::uint64_t token_cache_misses = 0;
  std::optional<store::StoreMeter> store{};  // nothing without a store
  Histogram rounds;                          // of the event loop
  // As of now, not since the start.
  std::uint64_t connections = 0;
  std::uint64_t token_cache_entries = 0;
  std::map<std::pair<std::string, std::string>, ServerState> servers;  // by upstream and server
  std::map<std::string, Histogram> upstream_times;  // to the head of the answer, by upstream

  void record(const Finished& finished);
  // Forgets the routes of which `exists` says no: a reload may have renamed them all.
  void keep_routes(const std::function<bool(const std::string&)>& exists);
  Counters& operator+=(const Counters& other);

 private:
  void record_decision(const Finished& finished, std::optional<Fault> fault);
  Decisions& decisions_of(std::string_view route);
};

// When a certificate of this gateway runs out.
struct CertificateEnd {
  std::string file;
  WallSeconds at = 0;
};

// What the system says of the process; nothing where it says nothing.
struct ProcessUsage {
  std::optional<double> cpu_seconds{};
  std::optional<std::uint64_t> resident_bytes{};
  std::optional<std::uint64_t> open_files{};
  std::optional<std::uint64_t> most_files{};
};

// What is counted once a process.
struct ProcessCounters {
  bool ready = true;  // as /readyz says
  std::uint64_t config_reloads = 0;
  std::uint64_t config_reload_failures = 0;
  WallSeconds configured_at = 0;  // the configuration that serves
  bool last_reload_failed = false;
  std::uint64_t access_log_dropped = 0;
  std::optional<std::uint64_t> audit_log_dropped{};  // nothing without log.audit
  std::vector<IssuerHealth> issuers{};               // those whose keys are fetched
  std::optional<store::StoreHealth> shared_store{};  // that replicas share
  std::vector<CertificateEnd> certificates{};        // each file once
  WallSeconds started_at = 0;
  ProcessUsage usage{};
  struct Spans {
    std::uint64_t exported = 0;
    std::uint64_t dropped = 0;  // for want of room
    std::uint64_t failed = 0;   // that the collector did not take
    std::uint64_t failures = 0;
  };
  std::optional<Spans> spans{};  // nothing without tracing
};

}  // namespace gw::exchange
