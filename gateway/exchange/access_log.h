// SPDX-License-Identifier: Apache-2.0
// One line a request. A worker gathers its lines and hands them over in batches; one thread writes them, so a
// slow disk or terminal never holds up a request. What does not fit is dropped and counted.
// Tokens, passwords and cookies never appear: only the path and a masked query do.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"
#include "net/deadlines.h"

namespace gw::exchange {

class Exchange;

// The query with the values of token- and password-like names replaced by "***".
std::string mask_query(std::string_view query);

// THREAD: any.
class LogWriter {
 public:
  // "-" is standard output.
  explicit LogWriter(std::string path);
  ~LogWriter();  // writes what is left

  void write(std::string&& lines);
  void reopen();  // after a rotation
  bool is_open() const { return static_cast<bool>(fd_) || path_ == "-"; }
  std::uint64_t dropped();

 private:
  static constexpr std::size_t kWaiting = 8 * 1024 * 1024;
  void serve();
  void open();
  void write_out(std::string_view lines);

  const std::string path_;
  UniqueFd fd_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::string waiting_;
  std::uint64_t dropped_ = 0;
  bool reopen_ = false;
  bool closing_ = false;
  std::thread thread_;
};

// THREAD: one worker.
class AccessLog final : private net::Deadline {
 public:
  AccessLog(net::Deadlines& deadlines, LogWriter& writer, bool json)
      : deadlines_(deadlines), writer_(writer), json_(json) {}
  ~AccessLog() { flush(); }

  void record(const Exchange& exchange);

 private:
  void on_deadline() override { flush(); }
  void flush();
  void append_json(const Exchange& exchange);
  void append_claims(const Exchange& exchange);
  void append_text(const Exchange& exchange);
  bool is_sampled(double share);

  net::Deadlines& deadlines_;
  LogWriter& writer_;
  const bool json_;
  std::string lines_;
  double share_ = 0;  // of the sampling so far
};

}  // namespace gw::exchange
