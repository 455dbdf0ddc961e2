// SPDX-License-Identifier: Apache-2.0
// The spans of sampled exchanges: of the request, the decision and each try of a server. A worker gathers
// them and hands them over in batches. No secret is in them: path and query are masked, other fields not
// told. THREAD: one worker.
#pragma once

#include "net/deadlines.h"
#include "trace/budget.h"
#include "trace/queue.h"

namespace gw::exchange {

class Exchange;

class Tracer final : private net::Deadline {
 public:
  Tracer(net::Deadlines& deadlines, trace::Queue& queue) : deadlines_(deadlines), queue_(queue) {}
  ~Tracer() { flush(); }

  // Whether a request that begins now may have spans; counted as dropped when not.
  bool admits(TimePoint now);
  // REQUIRES: it is over, and has spans.
  void record(const Exchange& exchange);

 private:
  static constexpr std::size_t kSpansPerSecond = 3000;
  void on_deadline() override { flush(); }
  void flush();

  net::Deadlines& deadlines_;
  trace::Queue& queue_;
  trace::Batch batch_;
  trace::Budget budget_{kSpansPerSecond};
};

}  // namespace gw::exchange
