// SPDX-License-Identifier: Apache-2.0
// A service behind the gateway that does what a test tells it, one thread a connection.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/certificates.h"
#include "support/http_text.h"
#include "support/wire.h"

namespace gw::test {

class FakeService {
 public:
  // Runs once for each connection; when it returns, the connection is closed.
  using Script = std::function<void(Wire&, FakeService&)>;
  using Answer = std::function<std::string(const Message& request)>;

  explicit FakeService(Script script, SslContext tls = nullptr)
      : script_(std::move(script)), tls_(std::move(tls)), listener_(listen_on_loopback(port_)) {
    acceptor_ = std::thread([this] { accept_all(); });
  }
  // Answers every request of every connection.
  static Script answering(Answer answer) {
    return [answer = std::move(answer)](Wire& wire, FakeService& self) {
      while (auto request = self.next_request(wire))
        if (!wire.send(answer(*request))) return;
    };
  }

  FakeService(const FakeService&) = delete;
  FakeService& operator=(const FakeService&) = delete;
  ~FakeService() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
      for (Connection& connection : connections_) connection.wire.hang_up();
    }
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (Connection& connection : connections_) connection.thread.join();
  }

  // For scripts: nothing when the connection ended first.
  std::optional<Message> next_request(Wire& wire) {
    Message request = read_message(wire);
    if (request.start_line.empty()) return std::nullopt;
    ++requests_;
    return request;
  }

  std::uint16_t port() const { return port_; }
  bool is_tls() const { return tls_ != nullptr; }
  std::string url() const {
    return (is_tls() ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
  }
  int requests_seen() const { return requests_; }
  int connections_seen() const { return accepted_; }

 private:
  struct Connection {
    explicit Connection(UniqueFd fd) : wire(std::move(fd)) {}
    Wire wire;
    std::thread thread;
  };

  void accept_all() {
    for (;;) {
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd) return;
      const std::lock_guard lock(mutex_);
      if (closing_) return;
      ++accepted_;
      Connection& connection = connections_.emplace_back(std::move(fd));
      connection.thread = std::thread([this, &connection] { serve(connection); });
    }
  }

  void serve(Connection& connection) {
    if (tls_ == nullptr || connection.wire.start_tls(tls_, true)) script_(connection.wire, *this);
    const std::lock_guard lock(mutex_);  // the destructor may be hanging up
    connection.wire.end_writing();
    connection.wire.close();
  }

  const Script script_;
  const SslContext tls_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::mutex mutex_;
  bool closing_ = false;
  std::list<Connection> connections_;
  std::atomic<int> requests_ = 0;
  std::atomic<int> accepted_ = 0;
  std::thread acceptor_;
};

}  // namespace gw::test
