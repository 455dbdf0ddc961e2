// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/sections.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"header_bytes", "size", "32KiB", "request line and fields together; over it 431"},
    Key{"headers", "number", "100", "fields of one request; over it 431"},
    Key{"uri_bytes", "size", "16KiB", "request target; over it 414"},
    Key{"body", "size", "100MiB", "over it 413; a route may set its own `max_body`"},
    Key{"connections", "number", "50000", "of clients; over it, new ones wait or are refused"},
    Key{"client_header_timeout", "duration", "10s",
        "from the first byte to the end of the head, TLS included; 408"},
    Key{"client_body_timeout", "duration", "30s", "between two reads of a body; 408"},
    Key{"client_min_rate", "size", "240B",
        "a second, on the average of `client_body_timeout`: of a request body, and of an answer that waits; "
        "`0`: any"},
    Key{"idle_timeout", "duration", "75s", "of a kept-alive connection without a request"},
    Key{"h2_streams", "number", "128", "at once on one HTTP/2 connection"},
};

constexpr std::uint64_t kKiB = 1024;
constexpr Range<Duration> kTimeouts{1ms, 24h};

}  // namespace

const Section kLimitsSection{"limits", kKeys};

http::Limits parse_limits(Context& context, const Item& item) {
  const NodeReader node(context, item, kLimitsSection);
  http::Limits limits;
  limits.header_bytes = node.size("header_bytes", limits.header_bytes, {kKiB, 1024 * kKiB});
  limits.headers = node.integer("headers", limits.headers, {1, 10000});
  limits.uri_bytes = node.size("uri_bytes", limits.uri_bytes, {256, 1024 * kKiB});
  limits.body = node.size("body", limits.body, {0, 1ull << 50});
  limits.connections = node.integer("connections", limits.connections, {1, 10'000'000});
  limits.client_header_timeout =
      node.duration("client_header_timeout", limits.client_header_timeout, kTimeouts);
  limits.client_body_timeout = node.duration("client_body_timeout", limits.client_body_timeout, kTimeouts);
  limits.client_min_rate = node.size("client_min_rate", limits.client_min_rate, {0, 1ull << 30});
  limits.idle_timeout = node.duration("idle_timeout", limits.idle_timeout, kTimeouts);
  limits.h2_streams = node.number("h2_streams", limits.h2_streams, {1, 100000});
  return limits;
}

}  // namespace gw::config
