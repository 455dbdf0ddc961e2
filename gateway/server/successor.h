// SPDX-License-Identifier: Apache-2.0
// A new process that takes over the listening sockets: of the same or a newer binary, with the same
// arguments. Once this process serves it may start no program, so a helper does, forked before anything was
// read: it holds no secret and no socket, ignores signals, and ends with us. The new process gets the sockets
// as systemd would hand them over, and one end of a pipe: there it says that it is ready, or why it is not.
// THREAD: the main thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/fd_watch.h"

namespace gw::server {

// Names the descriptor of that pipe.
inline constexpr const char* kReportVariable = "GATEWARDEN_REPORT_FD";

// What the new process says there.
void report_ready(const UniqueFd& report);
void report_failure(const UniqueFd& report, const std::string& why);

class Successor final : private net::FdWatch::Events {
 public:
  // REQUIRES: no other threads. Null when no process can be forked.
  static std::unique_ptr<Successor> fork_helper();
  ~Successor();

  // As server.user: whoever runs next has no more rights than this process.
  Result<void, std::string> become(const std::string& user);

  struct Answer {
    pid_t pid = 0;    // of the new process, which is ready; 0: there is none
    std::string why;  // then
  };
  void listen(net::EventLoop& loop, std::function<void(const Answer&)> on_answer);
  // Each with its name; answered once. The error is a sentence.
  Result<void, std::string> start(const std::vector<int>& sockets, const std::vector<std::string>& names);
  void stop();  // the one that is being started
  bool is_starting() const { return starting_; }

 private:
  explicit Successor(UniqueFd socket) : socket_(std::move(socket)) {}
  void on_readable() override;
  void on_writable() override {}

  UniqueFd socket_;  // to the helper
  std::unique_ptr<net::FdWatch> watch_;
  std::function<void(const Answer&)> on_answer_;
  bool starting_ = false;
};

}  // namespace gw::server
