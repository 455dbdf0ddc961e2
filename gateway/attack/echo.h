// SPDX-License-Identifier: Apache-2.0
// The service behind the gateway under attack: notes every request that comes whole, and answers with it.
// THREAD: its own; take() is for any.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace gw::attack {

class Echo {
 public:
  Echo();  // on a free port of the loopback. Throws when there is none
  ~Echo();
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

  std::uint16_t port() const { return port_; }
  // What has come since the last call: head, body and trailers of each, as they came.
  std::vector<std::string> take();

 private:
  struct Peer {
    UniqueFd fd;
    std::thread thread;
  };

  void accept_all();
  void serve(int fd);

  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::mutex mutex_;
  bool closing_ = false;
  std::vector<std::string> requests_;
  std::list<Peer> peers_;
  std::thread acceptor_;
};

}  // namespace gw::attack
