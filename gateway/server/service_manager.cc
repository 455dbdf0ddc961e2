// SPDX-License-Identifier: Apache-2.0
#include "server/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>

#include "base/log.h"
#include "server/successor.h"

namespace gw::server {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr int kMost = 4096;

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::vector<std::string> split(std::string_view names) {
  std::vector<std::string> all;
  for (;;) {
    const std::size_t colon = names.find(':');
    all.emplace_back(names.substr(0, colon));
    if (colon == std::string_view::npos) return all;
    names.remove_prefix(colon + 1);
  }
}

bool is_listening(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1 &&
         ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_STREAM;
}

bool is_pipe(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 && S_ISFIFO(found.st_mode);
}

}  // namespace

ServiceManager::ServiceManager() {
  const std::string path = variable("NOTIFY_SOCKET");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.size() < 2 || path.size() >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@')) return;
  std::memcpy(to.sun_path, path.data(), path.size());
  if (path[0] == '@') to.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), length) != 0) {
    log::warn("the service manager cannot be told anything", {{"error", std::strerror(errno)}});
    return;
  }
  socket_ = std::move(fd);
  const auto watched = variable("WATCHDOG_PID");
  const auto every = number_of<std::uint64_t>(variable("WATCHDOG_USEC"));
  if (every && (watched.empty() || number_of<pid_t>(watched) == ::getpid()))
    watchdog_ = std::chrono::duration_cast<Duration>(std::chrono::microseconds(*every));
}

void ServiceManager::tell(std::string_view state) const {
  if (socket_) (void)::send(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ServiceManager::tell_reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = std::uint64_t(now.tv_sec) * 1'000'000 + std::uint64_t(now.tv_nsec) / 1000;
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

Result<InheritedSockets, std::string> take_inherited_sockets() {
  const std::string pid = variable("LISTEN_PID"), count = variable("LISTEN_FDS");
  const std::string names = variable("LISTEN_FDNAMES"), report = variable(kReportVariable);
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", kReportVariable}) ::unsetenv(name);
  InheritedSockets inherited;
  // Of somebody else, who has not cleaned up before starting us.
  if (pid.empty() || number_of<pid_t>(pid) != ::getpid()) return inherited;
  const auto sockets = number_of<int>(count);
  if (!sockets || *sockets < 0 || *sockets > kMost) return "LISTEN_FDS=" + count + " is no number of sockets";
  std::vector<std::string> named =
      names.empty() ? std::vector<std::string>(std::size_t(*sockets), "unknown") : split(names);
  if (named.size() != static_cast<std::size_t>(*sockets))
    return std::string("LISTEN_FDNAMES does not name as many sockets as LISTEN_FDS says");
  for (int i = 0; i < *sockets; ++i) {
    const int fd = kFirst + i;
    std::string& name = named[static_cast<std::size_t>(i)];
    if (!is_listening(fd))
      return "the inherited descriptor " + std::to_string(fd) + " (" + name +
             ") is no listening stream socket (a .socket unit has ListenStream=, and Accept=no)";
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    inherited.sockets.push_back({UniqueFd(fd), std::move(name)});
  }
  if (const auto fd = number_of<int>(report); fd && *fd == kFirst + *sockets && is_pipe(*fd)) {
    ::fcntl(*fd, F_SETFD, FD_CLOEXEC);
    inherited.report = UniqueFd(*fd);
  }
  return inherited;
}

}  // namespace gw::server
