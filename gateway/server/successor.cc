// SPDX-License-Identifier: Apache-2.0
#include "server/successor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/clock.h"
#include "base/program_pages.h"
#include "server/process.h"

namespace gw::server {
namespace {

constexpr Duration kPatience = 60s;  // for a new process to be ready
constexpr std::size_t kLargest = 16 * 1024;
constexpr std::size_t kFdsAMessage = 128;  // the kernel takes 253
constexpr std::size_t kMostFds = 4096;
constexpr int kFirst = 3;  // of inherited sockets, SD_LISTEN_FDS_START
constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};

// The first byte of a message between this process and its helper.
enum Kind : char { user = 'U', sockets = 'L', start = 'S', stop = 'K', ready = 'R', failed = 'F' };

struct Message {
  std::string text;  // without the first byte
  std::vector<UniqueFd> fds;
  Kind kind = failed;
};

bool send_message(int to, Kind kind, std::string_view text, const int* fds = nullptr, std::size_t count = 0) {
  std::string bytes(1, kind);
  bytes += text.substr(0, kLargest - 1);
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFdsAMessage * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count != 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(head), fds, count * sizeof(int));
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(to, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes.size());
}

// False at the end, or when there is nothing (with MSG_DONTWAIT).
bool receive_message(int from, Message& got, int flags = 0) {
  std::string bytes(kLargest, '\0');
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFdsAMessage * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = 0;
  do size = ::recvmsg(from, &message, MSG_CMSG_CLOEXEC | flags);
  while (size < 0 && errno == EINTR);
  if (size <= 0) return false;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
      got.fds.emplace_back(fd);
    }
  }
  got.kind = static_cast<Kind>(bytes[0]);
  got.text = bytes.substr(1, static_cast<std::size_t>(size) - 1);
  return true;
}

// As it was started: argv[0] may be a link that points to a newer binary by now.
std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> all;
  for (std::string one; std::getline(file, one, '\0');) all.push_back(one);
  return all;
}

// The helper's whole life.
class Helper {
 public:
  explicit Helper(int socket) : socket_(socket), arguments_(own_arguments()) {}

  [[noreturn]] void serve() {
    for (;;) {
      release_program_pages();  // it may wait for months
      std::array<pollfd, 2> waits{pollfd{socket_, POLLIN, 0}, pollfd{report_.get(), POLLIN, 0}};
      const int timeout =
          child_ == 0 ? -1
                      : static_cast<int>(std::max<std::int64_t>(
                            0, std::chrono::ceil<std::chrono::milliseconds>(until_ - steady_now()).count()));
      const int events = ::poll(waits.data(), child_ == 0 ? 1 : 2, timeout);
      if (events == 0) give_up("it was not ready within a minute");
      if (events <= 0) continue;
      if (waits[0].revents != 0 && !obey()) ::_exit(0);
      if (child_ != 0 && waits[1].revents != 0) hear();
    }
  }

 private:
  // False when the process that we help has ended.
  bool obey() {
    Message message;
    if (!receive_message(socket_, message)) return false;
    switch (message.kind) {
      case user: {
        const auto became = drop_privileges(message.text);
        send_message(socket_, user, became ? std::string_view() : became.error());
        break;
      }
      case sockets:
        std::move(message.fds.begin(), message.fds.end(), std::back_inserter(fds_));
        names_ += (names_.empty() ? "" : ":") + message.text;
        if (fds_.size() > kMostFds) fds_.clear();
        break;
      case start:
        if (child_ == 0) launch();
        break;
      case stop:
        if (child_ != 0) give_up("it was stopped");
        break;
      default:
        break;
    }
    return true;
  }

  void launch() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail(std::string("no pipe: ") + std::strerror(errno));
    report_ = UniqueFd(ends[0]);
    UniqueFd tell(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) become_successor(std::move(tell));
    if (child < 0) return fail(std::string("no process: ") + std::strerror(errno));
    child_ = child;
    until_ = steady_now() + kPatience;
    heard_.clear();
    fds_.clear();
    names_.clear();
  }

  // The sockets from 3 on, then the pipe.
  [[noreturn]] void become_successor(UniqueFd tell) {
    fds_.push_back(std::move(tell));
    const int count = static_cast<int>(fds_.size());
    std::vector<int> high;  // above where they go
    for (const UniqueFd& fd : fds_) high.push_back(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirst + count + 1));
    for (int i = 0; i < count; ++i) ::dup2(high[static_cast<std::size_t>(i)], kFirst + i);
    const std::string pid = std::to_string(::getpid());
    ::setenv("LISTEN_PID", pid.c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(count - 1).c_str(), 1);
    ::setenv("LISTEN_FDNAMES", names_.c_str(), 1);
    ::setenv(kReportVariable, std::to_string(kFirst + count - 1).c_str(), 1);
    if (std::getenv("WATCHDOG_PID") != nullptr) ::setenv("WATCHDOG_PID", pid.c_str(), 1);
    for (const int signal : kSignals) ::signal(signal, SIG_DFL);
    std::vector<char*> arguments;
    for (std::string& argument : arguments_) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    // Not execvp where there is a path: it would have a shell read what is no program.
    if (!arguments_.empty() && arguments_[0].find('/') != std::string::npos)
      ::execv(arguments[0], arguments.data());
    else if (!arguments_.empty())
      ::execvp(arguments[0], arguments.data());
    const std::string why = "F" + (arguments_.empty() ? std::string("gatewarden") : arguments_[0]) +
                            " cannot be executed: " + std::strerror(errno);
    (void)!::write(kFirst + count - 1, why.data(), why.size());
    ::_exit(127);
  }

  // What the new process says, until it closes the pipe: by ending, or when it is ready.
  void hear() {
    std::array<char, 4096> block;
    const ssize_t got = ::read(report_.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) return;
    if (got > 0) {
      if (heard_.size() < kLargest / 2) heard_.append(block.data(), static_cast<std::size_t>(got));
      return;
    }
    if (heard_.starts_with(ready)) {
      send_message(socket_, ready, std::to_string(child_));
      child_ = 0;
      report_.reset();
      return;
    }
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) continue;
    if (heard_.starts_with(failed)) return fail(heard_.substr(1));
    fail(WIFSIGNALED(status) ? "it ended by signal " + std::to_string(WTERMSIG(status))
                             : "it ended with status " + std::to_string(WEXITSTATUS(status)));
  }

  void give_up(const std::string& why) {
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
    fail(why);
  }

  void fail(const std::string& why) {
    child_ = 0;
    report_.reset();
    fds_.clear();
    names_.clear();
    send_message(socket_, failed, why);
  }

  const int socket_;
  std::vector<std::string> arguments_;
  std::vector<UniqueFd> fds_;
  std::string names_;
  pid_t child_ = 0;  // until it is ready or has ended
  UniqueFd report_;
  std::string heard_;
  TimePoint until_{};
};

[[noreturn]] void be_helper(UniqueFd socket) {
  for (const int signal : kSignals) ::signal(signal, SIG_IGN);
  ::prctl(PR_SET_NAME, "gw-successor", 0, 0, 0);
  if (socket.get() != kFirst) ::dup3(socket.get(), kFirst, O_CLOEXEC);
  ::close_range(kFirst + 1, ~0U, 0);  // what we were handed is not for the helper
  (void)socket.release();
  Helper(kFirst).serve();
}

}  // namespace

void report_ready(const UniqueFd& report) {
  const char word = ready;
  if (report) (void)!::write(report.get(), &word, 1);
}

void report_failure(const UniqueFd& report, const std::string& why) {
  if (report) (void)!::write(report.get(), ('F' + why).c_str(), why.size() + 1);
}

std::unique_ptr<Successor> Successor::fork_helper() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return nullptr;
  UniqueFd ours(ends[0]), of_helper(ends[1]);
  const pid_t helper = ::fork();
  if (helper < 0) return nullptr;
  if (helper == 0) {
    ours.reset();
    be_helper(std::move(of_helper));
  }
  return std::unique_ptr<Successor>(new Successor(std::move(ours)));
}

Successor::~Successor() = default;

Result<void, std::string> Successor::become(const std::string& user_name) {
  Message answer;
  if (!send_message(socket_.get(), user, user_name) || !receive_message(socket_.get(), answer))
    return std::string("the helper that starts a new process has ended");
  if (!answer.text.empty()) return std::move(answer.text);
  return {};
}

void Successor::listen(net::EventLoop& loop, std::function<void(const Answer&)> on_answer) {
  on_answer_ = std::move(on_answer);
  watch_.reset(new net::FdWatch(loop, socket_.get(), *this));  // a private base, here accessible
  watch_->set_reading(true);
}

Result<void, std::string> Successor::start(const std::vector<int>& all,
                                           const std::vector<std::string>& names) {
  if (starting_) return std::string("one is being started");
  for (std::size_t i = 0; i < all.size(); i += kFdsAMessage) {
    const std::size_t count = std::min(kFdsAMessage, all.size() - i);
    std::string text;
    for (std::size_t n = i; n < i + count; ++n) text += (n == i ? "" : ":") + names[n];
    if (!send_message(socket_.get(), sockets, text, all.data() + i, count))
      return std::string("the helper that starts a new process has ended");
  }
  if (!send_message(socket_.get(), Kind::start, {}))
    return std::string("the helper that starts a new process has ended");
  starting_ = true;
  return {};
}

void Successor::stop() {
  if (starting_) send_message(socket_.get(), Kind::stop, {});
}

void Successor::on_readable() {
  Message message;
  if (!receive_message(socket_.get(), message, MSG_DONTWAIT)) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    watch_->set_reading(false);
    if (!std::exchange(starting_, false)) return;
    return on_answer_({0, "the helper that starts it has ended"});
  }
  starting_ = false;
  if (message.kind == ready)
    on_answer_({static_cast<pid_t>(std::atol(message.text.c_str())), {}});
  else
    on_answer_({0, std::move(message.text)});
}

}  // namespace gw::server
