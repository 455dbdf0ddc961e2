// SPDX-License-Identifier: Apache-2.0
// Accepting connections. Each worker has its own SO_REUSEPORT socket, so the kernel shares them out; a unix
// socket is one socket that all workers watch.
// THREAD: sockets are opened by the main thread before privileges go; a Listener belongs to one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/callback.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/address.h"
#include "net/event_loop.h"
#include "net/fd_watch.h"

namespace gw::net {

// Bound and listening. The error is a sentence: "127.0.0.1:80: permission denied".
Result<UniqueFd, std::string> open_listening_socket(const ListenAddress& address);
// True when the socket, which somebody else opened, is bound to just this address.
bool is_bound_to(int fd, const ListenAddress& address);

// The file of a unix socket; removed with this, unless another process has put its own there.
class SocketFile {
 public:
  explicit SocketFile(std::string path);
  ~SocketFile();
  void leave() { inode_ = 0; }  // another process listens there now
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

 private:
  const std::string path_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;  // may be given to the next file at once, hence:
  std::int64_t changed_ = 0;
};
// The address that the socket is bound to; tells the port that was given for port 0.
Address bound_address(int fd);

class Listener final : private FdWatch::Events {
 public:
  using OnAccept = Callback<void(UniqueFd, const Address& peer)>;
  Listener(EventLoop& loop, UniqueFd fd, OnAccept on_accept);
  ~Listener();

  // Off while the connection limit is reached: what comes then waits in the kernel's queue.
  void set_accepting(bool wanted);

 private:
  void on_readable() override;
  void on_writable() override {}
  void rest();  // out of descriptors: stops for a moment instead of spinning
  static void on_rested(int, short, void* self) noexcept;

  UniqueFd fd_;
  OnAccept on_accept_;
  FdWatch watch_;
  event* rest_timer_ = nullptr;
  bool accepting_ = true;  // but for a rest
  bool resting_ = false;
  TimePoint warned_{};
};

}  // namespace gw::net
