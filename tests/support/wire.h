// SPDX-License-Identifier: Apache-2.0
// One end of a blocking connection, plain or TLS, for tests that speak HTTP byte by byte.
// THREAD: one, but for hang_up().
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"

namespace gw::test {

// Nothing in a test waits longer than this for its peer; it is only ever reached when the test fails.
inline constexpr std::chrono::seconds kPatience{30};

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
using SslContext = std::shared_ptr<SSL_CTX>;

class Wire {
 public:
  explicit Wire(UniqueFd fd) : fd_(std::move(fd)) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    const timeval patience{kPatience.count(), 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Wire(Wire&&) = default;
  Wire& operator=(Wire&&) = default;

  // False when the handshake fails; error() then says why.
  bool start_tls(const SslContext& context, bool as_server, const std::string& server_name = {}) {
    context_ = context;
    ssl_.reset(SSL_new(context.get()));
    SSL_set_fd(ssl_.get(), fd_.get());
    if (!server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
    ERR_clear_error();
    if ((as_server ? SSL_accept(ssl_.get()) : SSL_connect(ssl_.get())) == 1) return true;
    note_error();
    broken_ = true;
    return false;
  }

  // False when the peer takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = write_some(bytes);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Nothing at the end; has_failed() tells an end that was no clean one.
  std::string read_some() {
    char bytes[16384];
    ERR_clear_error();
    const long got = ssl_ ? SSL_read(ssl_.get(), bytes, sizeof bytes)
                          : static_cast<long>(::recv(fd_.get(), bytes, sizeof bytes, 0));
    if (got > 0) return std::string(bytes, static_cast<std::size_t>(got));
    failed_ = ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(got)) != SSL_ERROR_ZERO_RETURN : got < 0;
    if (ssl_ && failed_) note_error();
    return {};
  }
  bool has_failed() const { return failed_; }
  const std::string& error() const { return error_; }

  // Sends until the peer has taken nothing for `quiet`; tells how many bytes went.
  std::size_t send_until_stuck(std::size_t at_most, std::chrono::milliseconds quiet) {
    const std::string block(64 * 1024, 'x');
    std::size_t total = 0;
    while (total < at_most) {
      pollfd waiting{fd_.get(), POLLOUT, 0};
      if (::poll(&waiting, 1, static_cast<int>(quiet.count())) != 1 || (waiting.revents & POLLOUT) == 0)
        break;
      const ssize_t sent = ::send(fd_.get(), block.data(), std::min(block.size(), at_most - total),
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) break;
      total += static_cast<std::size_t>(sent);
    }
    return total;
  }

  void end_writing() {
    if (ssl_ && !broken_) SSL_shutdown(ssl_.get());
    ::shutdown(fd_.get(), SHUT_WR);
  }
  // Any thread: wakes whoever reads or writes here.
  void hang_up() { ::shutdown(fd_.get(), SHUT_RDWR); }
  void close() { fd_ = UniqueFd(); }
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  void set_receive_buffer(int bytes) { ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); }
  int fd() const { return fd_.get(); }
  SSL* ssl() const { return ssl_.get(); }

  // What was read behind the last message.
  std::string& ahead() { return ahead_; }

 private:
  long write_some(std::string_view bytes) {
    ERR_clear_error();
    if (ssl_) return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    return static_cast<long>(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  void note_error() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    error_ = reason != nullptr ? reason : "the connection ended";
    ERR_clear_error();
  }

  UniqueFd fd_;
  SslContext context_;
  SslPtr ssl_;
  std::string ahead_;
  std::string error_;
  bool failed_ = false;
  bool broken_ = false;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline Wire connect_to(std::uint16_t port, int receive_buffer = 0) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer != 0)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const sockaddr_in address = loopback(port);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return Wire(std::move(fd));
}

// A listening socket on a free port of the loopback.
inline UniqueFd listen_on_loopback(std::uint16_t& port, int backlog = 128) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd.get(), backlog), 0);
  socklen_t length = sizeof address;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace gw::test
