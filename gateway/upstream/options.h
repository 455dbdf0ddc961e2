// SPDX-License-Identifier: Apache-2.0
// `upstreams:` of the configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/options.h"
#include "upstream/profile.h"

namespace gw::upstream {

struct ServerUrl {
  bool tls = false;  // https
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 80;
  unsigned weight = 1;
  std::string text;  // as written

  friend bool operator==(const ServerUrl&, const ServerUrl&) = default;
};

enum class Balance : std::uint8_t { round_robin, least_requests, hash };
enum class HashBy : std::uint8_t { ip, subject, header };
enum class HostHeader : std::uint8_t { preserve, rewrite };

// Asks each server by itself; what answers 200 to 399 in time is well.
struct HealthCheckOptions {
  std::string path;  // and query
  Duration interval = 5s;
  Duration timeout = 1s;
  unsigned healthy = 2;    // good answers one after the other bring a server back
  unsigned unhealthy = 3;  // bad ones take it out

  friend bool operator==(const HealthCheckOptions&, const HealthCheckOptions&) = default;
};

// Failed requests one after the other eject a server for a while.
struct OutlierOptions {
  unsigned failures = 5;
  Duration eject = 30s;

  friend bool operator==(const OutlierOptions&, const OutlierOptions&) = default;
};

struct ClusterOptions {
  std::string name;
  std::vector<ServerUrl> servers;
  Balance balance = Balance::round_robin;
  HashBy hash_by = HashBy::ip;
  std::string hash_header;  // of HashBy::header
  bool http2 = false;       // by ALPN, or with prior knowledge
  net::ClientTlsOptions tls;
  Duration connect_timeout = 1s;
  Duration response_timeout = 30s;
  Duration idle_timeout = 60s;
  std::size_t keepalive = 64;          // idle connections per worker and server
  std::size_t max_connections = 1024;  // per worker and server
  unsigned retries = 1;
  HostHeader host = HostHeader::preserve;
  Profile profile = Profile::generic;
  std::optional<HealthCheckOptions> health_check;
  std::optional<OutlierOptions> outlier;
  Place place{};
};

// True when connections made for one may serve the other: all but the place is equal, and no file is behind
// it.
bool are_alike(const ClusterOptions& a, const ClusterOptions& b);

}  // namespace gw::upstream
