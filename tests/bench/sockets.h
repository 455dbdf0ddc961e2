// SPDX-License-Identifier: Apache-2.0
// What the programs of the benchmark share: loopback sockets, epoll, options. An error ends the program.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace bench {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// --name value ...
class Options {
 public:
  Options(int count, char** words) {
    for (int i = 1; i + 1 < count; i += 2) values_[words[i] + 2] = words[i + 1];
  }
  std::string text(const char* name, const char* otherwise = "") const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  double number(const char* name, double otherwise = 0) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::stod(found->second);
  }

 private:
  std::map<std::string, std::string> values_;
};

inline sockaddr_in loopback(int port, unsigned host = 1) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl((127U << 24) + host);
  return address;
}

inline void no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline int listen_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 4096) != 0)
    die("listen");
  return fd;
}

// Begins to connect. `from`: another address of the loopback network for every 20,000 connections, whose
// ports it needs.
inline int connect_to(int port, unsigned from = 1) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  no_delay(fd);
  const sockaddr_in source = loopback(0, from), to = loopback(port);
  const int late = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
  if (from != 1 && ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) die("bind");
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)
    die("connect");
  return fd;
}

class Poller {
 public:
  Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}
  void add(int fd, void* who, unsigned events = EPOLLIN) { control(EPOLL_CTL_ADD, fd, who, events); }
  void change(int fd, void* who, unsigned events) { control(EPOLL_CTL_MOD, fd, who, events); }
  int wait(epoll_event* events, int room, int milliseconds) {
    return ::epoll_wait(fd_, events, room, milliseconds);
  }

 private:
  void control(int what, int fd, void* who, unsigned events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = who;
    if (::epoll_ctl(fd_, what, fd, &event) != 0) die("epoll_ctl");
  }
  int fd_;
};

}  // namespace bench
