// SPDX-License-Identifier: Apache-2.0
#include "attack/echo.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "http/field.h"
#include "net/listener.h"

namespace gw::attack {
namespace {

constexpr std::size_t kMost = 4 * 1024 * 1024;

// The gateway writes well-formed messages: this reads no others.
std::string_view field_of(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at < head.size();) {
    const std::size_t begin = at + 2;
    const std::size_t end = std::min(head.find("\r\n", begin), head.size());
    const std::string_view line = head.substr(begin, end - begin);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && http::equal_without_case(line.substr(0, colon), name))
      return line.substr(std::min(colon + 2, line.size()));
    at = end;
  }
  return {};
}

// How long the first request in `bytes` is, once it is whole.
std::optional<std::size_t> find_end(const std::string& bytes) {
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string::npos) return std::nullopt;
  const std::size_t body = head + 4;
  const std::string_view text = std::string_view(bytes).substr(0, head + 2);
  if (!field_of(text, "Transfer-Encoding").empty()) {
    const std::string_view rest = std::string_view(bytes).substr(head + 2);
    const std::size_t last = rest.find("\r\n0\r\n");
    const std::size_t end = last == std::string_view::npos ? last : rest.find("\r\n\r\n", last + 3);
    return end == std::string_view::npos ? std::nullopt : std::optional(head + 2 + end + 4);
  }
  std::size_t length = 0;
  const std::string_view digits = field_of(text, "Content-Length");
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return bytes.size() >= body + length ? std::optional(body + length) : std::nullopt;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Echo::Echo() {
  auto opened = net::open_listening_socket({"127.0.0.1", 0, "", "127.0.0.1:0"});
  if (!opened) throw std::runtime_error(opened.error());
  listener_ = std::move(*opened);
  port_ = net::bound_address(listener_.get()).port();
  const int flags = ::fcntl(listener_.get(), F_GETFL);
  ::fcntl(listener_.get(), F_SETFL, flags & ~O_NONBLOCK);
  acceptor_ = std::thread([this] { accept_all(); });
}

Echo::~Echo() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const Peer& peer : peers_) ::shutdown(peer.fd.get(), SHUT_RDWR);
  }
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  for (Peer& peer : peers_) peer.thread.join();
}

std::vector<std::string> Echo::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(requests_, {});
}

void Echo::accept_all() {
  for (;;) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) return;
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    Peer& peer = peers_.emplace_back(Peer{std::move(fd), {}});
    peer.thread = std::thread([this, raw = peer.fd.get()] { serve(raw); });
  }
}

void Echo::serve(int fd) {
  std::string bytes;
  std::array<char, 16 * 1024> room;
  while (bytes.size() < kMost) {
    const ssize_t got = ::recv(fd, room.data(), room.size(), 0);
    if (got <= 0) return;
    bytes.append(room.data(), static_cast<std::size_t>(got));
    while (const auto end = find_end(bytes)) {
      const std::string request = bytes.substr(0, *end);
      bytes.erase(0, *end);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const bool is_head = request.starts_with("HEAD ");
      if (!send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n" +
                            std::string(is_head ? "" : "ok")))
        return;
    }
  }
}

}  // namespace gw::attack
