// SPDX-License-Identifier: Apache-2.0
// The service behind every proxy: HTTP/1.1, kept alive, GET without bodies. One thread, so that it costs
// little.
//   origin --port P        /N: a body of N bytes; /echo: the request's head; anything else: 200 bytes of JSON
#include <algorithm>
#include <memory>
#include <string_view>

#include "sockets.h"

namespace {

struct Connection {
  int fd;
  std::string in, out;
};

std::string answer(std::string_view type, std::string_view body) {
  return "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: " + std::string(type) +
         "\r\nCache-Control: no-store\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

const std::string& answer_of_size(std::size_t size) {
  static std::map<std::size_t, std::string> made;
  std::string& text = made[size];
  if (text.empty()) text = answer("application/octet-stream", std::string(size, 'x'));
  return text;
}

std::string respond(std::string_view head) {
  static const std::string usual = answer("application/json", "{\"text\":\"" + std::string(189, 'x') + "\"}");
  const std::string_view target = head.substr(4, head.find(' ', 4) - 4);
  if (target == "/echo") return answer("text/plain", head);
  const int size = std::atoi(std::string(target.substr(1)).c_str());
  return size > 0 ? answer_of_size(static_cast<std::size_t>(std::min(size, 16 << 20))) : usual;
}

// False when the connection is over.
bool serve(Connection& one, bench::Poller& poller, bool readable) {
  if (readable) {
    char bytes[65536];
    const ssize_t got = ::recv(one.fd, bytes, sizeof bytes, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
    if (got > 0) one.in.append(bytes, static_cast<std::size_t>(got));
  }
  const bool waited = !one.out.empty();
  for (std::size_t end; (end = one.in.find("\r\n\r\n")) != std::string::npos; one.in.erase(0, end + 4))
    one.out += respond(std::string_view(one.in).substr(0, end + 2));
  const ssize_t sent = one.out.empty() ? 0 : ::send(one.fd, one.out.data(), one.out.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  if (sent > 0) one.out.erase(0, static_cast<std::size_t>(sent));
  if (waited != !one.out.empty()) poller.change(one.fd, &one, one.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
  return true;
}

}  // namespace

int main(int count, char** words) {
  const bench::Options options(count, words);
  const int listener = bench::listen_on(static_cast<int>(options.number("port")));
  bench::Poller poller;
  poller.add(listener, nullptr);
  for (epoll_event events[256];;) {
    const int ready = poller.wait(events, 256, -1);
    for (int i = 0; i < ready; ++i) {
      auto* one = static_cast<Connection*>(events[i].data.ptr);
      if (one == nullptr) {
        for (int fd; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
          bench::no_delay(fd);
          poller.add(fd, new Connection{fd, {}, {}});
        }
      } else if (!serve(*one, poller, (events[i].events & ~EPOLLOUT) != 0)) {
        ::close(one->fd);
        delete one;
      }
    }
  }
}
