// SPDX-License-Identifier: Apache-2.0
// What systemd is told (sd_notify(3)) and hands over (sd_listen_fds(3)). Without it, nothing happens.
// THREAD: the main thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace gw::server {

class ServiceManager {
 public:
  ServiceManager();  // connects to $NOTIFY_SOCKET now, while files can still be reached

  bool is_there() const { return static_cast<bool>(socket_); }
  void tell(std::string_view state) const;  // lines of NAME=VALUE
  void tell_reloading() const;
  // It restarts a service that is silent for so long; zero: it does not watch.
  Duration watchdog() const { return watchdog_; }

 private:
  UniqueFd socket_;
  Duration watchdog_{};
};

// Listening sockets that another process has opened for this one.
struct InheritedSockets {
  struct Socket {
    UniqueFd fd;
    std::string name;
    bool used = false;
  };
  std::vector<Socket> sockets;
  UniqueFd report;  // of a predecessor that waits to be relieved (successor.h); else none
};

// Those in the environment, which is cleared, when they are meant for this process. The error is a sentence.
Result<InheritedSockets, std::string> take_inherited_sockets();

}  // namespace gw::server
