// SPDX-License-Identifier: Apache-2.0
// A real redis-server on a unix socket in a folder of the test; its data survive stop() and start().
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace gw::test {

class RedisServer {
 public:
  explicit RedisServer(const std::string& folder, std::vector<std::string> options = {})
      : folder_(folder), options_(std::move(options)) {
    start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { kill(); }

  const std::string& socket() const { return socket_; }
  std::string url() const { return "unix://" + socket_; }

  void start() {
    std::vector<std::string> words{"redis-server", "--port",    "0",
                                   "--unixsocket", socket_,     "--dir",
                                   folder_,        "--save",    "",
                                   "--appendonly", "yes",       "--appendfsync",
                                   "always",       "--logfile", folder_ + "/redis.log"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (::posix_spawnp(&process_, "redis-server", nullptr, nullptr, arguments.data(), environ) != 0)
      throw std::runtime_error("there is no redis-server (package redis-server)");
    for (int i = 0; i < 3000 && !answers(); ++i) std::this_thread::sleep_for(10ms);
    if (!answers()) throw std::runtime_error("redis-server does not answer: " + folder_ + "/redis.log");
  }
  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGCONT);
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
    ::unlink(socket_.c_str());
  }
  void freeze() { ::kill(process_, SIGSTOP); }
  void thaw() { ::kill(process_, SIGCONT); }

  // What it says to one command of plain words, until it closes.
  std::string ask(const std::string& command) const {
    const int fd = connect();
    if (fd < 0) return {};
    const std::string bytes = command + "\r\nQUIT\r\n";
    std::string answer;
    if (::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
      char room[4096];
      for (ssize_t got = 0; (got = ::read(fd, room, sizeof room)) > 0;)
        answer.append(room, static_cast<std::size_t>(got));
    }
    ::close(fd);
    return answer;
  }

 private:
  int connect() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
  }
  bool answers() const { return ask("PING").find("PONG") != std::string::npos; }

  const std::string folder_;
  const std::vector<std::string> options_;
  const std::string socket_ = folder_ + "/redis.sock";
  pid_t process_ = -1;
};

}  // namespace gw::test
