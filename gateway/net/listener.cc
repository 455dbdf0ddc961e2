// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace gw::net {
namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptsABatch = 64;  // connections that are open also want their turn
constexpr timeval kRest{0, 100000};
constexpr Duration kBetweenWarnings = 10s;
constexpr mode_t kSocketMode = 0666;  // as open as a port of the loopback; the folder may be closer

std::string reason(const ListenAddress& address, const char* what) {
  return address.text + ": " + what + ": " + std::strerror(errno);
}

std::int64_t nanoseconds_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// A file that a process left behind when it was killed. One that somebody listens on stays.
Result<void, std::string> remove_stale_socket(const ListenAddress& address, const Address& target) {
  struct stat found {};
  if (::stat(address.unix_path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode))
    return address.text + ": cannot bind: there is a file of that name, and it is no socket (remove it)";
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), target.get(), target.length()) != 0 && errno == ECONNREFUSED) {
    if (::unlink(address.unix_path.c_str()) != 0) return reason(address, "cannot remove the stale socket");
    return {};
  }
  return address.text + ": cannot bind: another process listens there";
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return;
  device_ = found.st_dev;
  inode_ = found.st_ino;
  changed_ = nanoseconds_of(found.st_ctim);
}

SocketFile::~SocketFile() {
  struct stat found {};
  if (::stat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_ &&
      nanoseconds_of(found.st_ctim) == changed_)
    ::unlink(path_.c_str());
}

Result<UniqueFd, std::string> open_listening_socket(const ListenAddress& address) {
  const bool local = !address.unix_path.empty();
  const auto target =
      local ? Address::unix_path(address.unix_path) : Address::parse(address.host, address.port);
  if (!target) return address.text + ": not an address to listen on";
  UniqueFd fd(::socket(target->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return reason(address, "cannot make a socket");
  const int on = 1;
  if (local) {
    if (auto removed = remove_stale_socket(address, *target); !removed) return std::move(removed.error());
  } else {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
    const int both = address.host == "::" ? 0 : 1;
    if (target->family() == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
  }
  if (::bind(fd.get(), target->get(), target->length()) != 0) return reason(address, "cannot bind");
  if (local) ::chmod(address.unix_path.c_str(), kSocketMode);
  if (::listen(fd.get(), kBacklog) != 0) return reason(address, "cannot listen");
  return fd;
}

bool is_bound_to(int fd, const ListenAddress& address) {
  const auto wanted = address.unix_path.empty() ? Address::parse(address.host, address.port)
                                                : Address::unix_path(address.unix_path);
  const Address bound = bound_address(fd);
  if (!wanted || wanted->family() != bound.family()) return false;
  if (address.unix_path.empty()) return wanted->ip() == bound.ip() && wanted->port() == bound.port();
  // The kernel may count a zero byte at the end, or not.
  const auto path_of = [](const Address& of) {
    return std::string_view(reinterpret_cast<const sockaddr_un*>(of.get())->sun_path);
  };
  return path_of(*wanted) == path_of(bound);
}

Address bound_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return {reinterpret_cast<const sockaddr*>(&storage), length};
}

Listener::Listener(EventLoop& loop, UniqueFd fd, OnAccept on_accept)
    : fd_(std::move(fd)), on_accept_(std::move(on_accept)), watch_(loop, fd_.get(), *this) {
  rest_timer_ = event_new(loop.base(), -1, 0, &Listener::on_rested, this);
  watch_.set_reading(true);
}

Listener::~Listener() {
  event_free(rest_timer_);
}

void Listener::on_readable() {
  for (int i = 0; i < kAcceptsABatch && watch_.reading(); ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    UniqueFd fd(
        ::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      on_accept_(std::move(fd), Address(reinterpret_cast<const sockaddr*>(&storage), length));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return rest();
    if (errno != EINTR && errno != ECONNABORTED) return;
  }
}

void Listener::set_accepting(bool wanted) {
  accepting_ = wanted;
  watch_.set_reading(accepting_ && !resting_);
}

void Listener::rest() {
  const TimePoint now = steady_now();
  if (warned_ == TimePoint{} || now - warned_ >= kBetweenWarnings) {
    log::warn("cannot accept connections for now", {{"error", std::strerror(errno)}});
    warned_ = now;
  }
  resting_ = true;
  watch_.set_reading(false);
  event_add(rest_timer_, &kRest);
}

void Listener::on_rested(int, short, void* self) noexcept {
  auto* listener = static_cast<Listener*>(self);
  listener->resting_ = false;
  listener->watch_.set_reading(listener->accepting_);
}

}  // namespace gw::net
