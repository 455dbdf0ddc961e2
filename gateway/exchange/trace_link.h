// SPDX-License-Identifier: Apache-2.0
// The trace that an exchange is part of, and what is noted for its spans while there are to be any.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "trace/context.h"

namespace gw::upstream {
class Server;
}

namespace gw::exchange {

// One try of a server.
struct UpstreamAttempt {
  trace::SpanId span{};
  const upstream::Server* server = nullptr;  // that the world of the exchange keeps
  TimePoint began{};
  TimePoint ended{};  // zero: not yet
  std::uint16_t status = 0;
  std::string_view code{};  // of the fault that ended it
};

struct TraceLink {
  bool is_known = false;
  bool has_parent = false;
  bool is_sampled = false;  // as the next hop is told
  bool has_spans = false;   // they are sampled here
  trace::TraceId trace{};
  trace::SpanId parent{};  // with has_parent
  trace::SpanId span{};    // of the exchange
  TimePoint decided{};     // zero: nothing was let through
  std::vector<UpstreamAttempt> attempts{};
};

}  // namespace gw::exchange
