// SPDX-License-Identifier: Apache-2.0
// Sends spans to a collector, as OTLP over HTTP in JSON: one request at a time, tried again when the
// collector may take it later. THREAD: one loop, not a worker's. OWNERSHIP: the queue outlives it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fetch/fetcher.h"
#include "net/deadlines.h"
#include "trace/options.h"
#include "trace/queue.h"

namespace gw::trace {

class Exporter final : private net::Deadline {
 public:
  struct Counts {
    std::uint64_t exported = 0;  // spans that the collector took
    std::uint64_t failed = 0;    // spans that it did not, after all tries
    std::uint64_t failures = 0;  // requests that went wrong, also those that were tried again
  };

  Exporter(net::EventLoop& loop, net::Deadlines& deadlines, Queue& queue, std::string version)
      : loop_(loop), deadlines_(deadlines), queue_(queue), version_(std::move(version)) {}

  // From now on; nothing: what comes is dropped.
  void adopt(std::optional<Options> options) { options_ = std::move(options); }
  void on_spans();  // the queue is not empty any more
  const Counts& counts() const { return counts_; }

  // What is left, on a loop of its own and at most this long: for the end of the process.
  void send_rest(Duration most);

 private:
  void on_deadline() override;
  void send();
  void on_answer(Result<fetch::Response, std::string> answer);
  void retry_or_give_up(const std::string& why, Duration wait);
  fetch::Request request_for(const Batch& batch) const;

  net::EventLoop& loop_;
  net::Deadlines& deadlines_;
  std::optional<fetch::Fetcher> fetcher_;  // made when there is something to send
  Queue& queue_;
  const std::string version_;
  std::optional<Options> options_;
  Counts counts_;
  Batch sending_;
  unsigned tries_ = 0;
  bool told_ = false;  // of failures since the last success
  net::Operation operation_;
};

}  // namespace gw::trace
