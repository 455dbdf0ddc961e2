// SPDX-License-Identifier: Apache-2.0
#include "cli/ready.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ostream>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "config/addresses.h"
#include "net/address.h"

namespace gw::cli {
namespace {

constexpr Duration kPatience = 2s;
constexpr std::size_t kMost = 64 * 1024;

struct Failure {
  std::string why;
};

// Whether `events` came before the time.
bool wait_for(int fd, short events, TimePoint until) {
  const auto left = std::chrono::ceil<Duration>(until - steady_now());
  pollfd wanted{fd, events, 0};
  return left > Duration{0} && ::poll(&wanted, 1, static_cast<int>(left.count())) > 0;
}

Result<std::string, Failure> ask(const net::Address& address, std::string_view target) {
  const TimePoint until = steady_now() + kPatience;
  const UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Failure{std::strerror(errno)};
  if (::connect(fd.get(), address.get(), address.length()) != 0) {
    if (errno != EINPROGRESS) return Failure{std::strerror(errno)};
    int failure = 0;
    socklen_t size = sizeof failure;
    if (!wait_for(fd.get(), POLLOUT, until)) return Failure{"no connection within two seconds"};
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0)
      return Failure{std::strerror(failure)};
  }
  const std::string request = "GET " + std::string(target) + " HTTP/1.0\r\nHost: localhost\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return Failure{"it takes no request"};
  std::string answer;
  while (answer.size() < kMost && wait_for(fd.get(), POLLIN, until)) {
    char piece[4096];
    const ssize_t got = ::recv(fd.get(), piece, sizeof piece, 0);
    if (got == 0) return answer;
    if (got < 0 && errno != EAGAIN && errno != EINTR) return Failure{std::strerror(errno)};
    if (got > 0) answer.append(piece, static_cast<std::size_t>(got));
  }
  return Failure{"no answer within two seconds"};
}

Result<net::Address, std::string> read_address(const std::string& text) {
  const auto listen = config::parse_listen_address(text);
  if (!listen) return listen.error().why;
  const auto address = listen->unix_path.empty() ? net::Address::parse(listen->host, listen->port)
                                                 : net::Address::unix_path(listen->unix_path);
  if (!address) return std::string("is no address");
  return *address;
}

}  // namespace

int run_ready(const ReadyRequest& request, std::ostream& out, std::ostream& err) {
  if (request.admin.empty()) {
    err << "gatewarden: this configuration has no admin address to ask (add admin: {address: "
           "127.0.0.1:9901})\n";
    return 1;
  }
  const auto address = read_address(request.admin);
  if (!address) {
    err << "gatewarden: " << request.admin << ": " << address.error() << '\n';
    return 1;
  }
  const auto answer = ask(*address, request.alive ? "/healthz" : "/readyz");
  if (!answer) {
    err << "gatewarden: " << request.admin << ": " << answer.error().why << '\n';
    return 1;
  }
  const std::string_view text = *answer;
  const std::size_t body = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.") || body == std::string_view::npos) {
    err << "gatewarden: " << request.admin << " is no admin address of a gateway\n";
    return 1;
  }
  const bool good = text.substr(8, 5) == " 200 ";
  (good ? out : err) << text.substr(body + 4) << '\n';
  return good ? 0 : 3;
}

}  // namespace gw::cli
