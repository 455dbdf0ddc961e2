// SPDX-License-Identifier: Apache-2.0
// One line a request. A worker gathers its lines and hands them over in batches to the LogWriter.
// THREAD: one worker.
#pragma once

#include <string>

#include "exchange/log_writer.h"
#include "net/deadlines.h"

namespace gw::exchange {

class Exchange;

class AccessLog final : private net::Deadline {
 public:
  AccessLog(net::Deadlines& deadlines, LogWriter& writer) : deadlines_(deadlines), writer_(writer) {}
  ~AccessLog() { flush(); }

  void record(const Exchange& exchange);

 private:
  void on_deadline() override { flush(); }
  void flush();
  bool is_sampled(double share);

  net::Deadlines& deadlines_;
  LogWriter& writer_;
  std::string lines_;
  double share_ = 0;  // of the sampling so far
};

}  // namespace gw::exchange
