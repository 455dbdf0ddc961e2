// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/loop_thread.h"
#include "support/scratch_dir.h"

namespace gw::net {
namespace {

using test::LoopThread;
using test::ScratchDir;
using ::testing::HasSubstr;

ListenAddress at_path(const std::string& path) {
  return {"", 0, path, "unix:" + path};
}

bool exists(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

// Waits for what other threads bring about.
template <class Condition>
bool comes_true(Condition condition) {
  const TimePoint until = steady_now() + 20s;
  while (!condition()) {
    if (steady_now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

UniqueFd connect_to(const Address& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), address.get(), address.length()) != 0) return UniqueFd();
  return fd;
}

TEST(SocketFile, IsMadeAndRemovedAgain) {
  const ScratchDir folder;
  const std::string path = folder / "gate.sock";
  {
    auto fd = open_listening_socket(at_path(path));
    ASSERT_TRUE(fd.ok()) << fd.error();
    const SocketFile file(path);
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0666u) << "whatever the umask";
    EXPECT_TRUE(connect_to(*Address::unix_path(path)));
  }
  EXPECT_FALSE(exists(path));
}

TEST(SocketFile, ThatAKilledProcessLeftIsReplaced) {
  const ScratchDir folder;
  const std::string path = folder / "gate.sock";
  { auto gone = open_listening_socket(at_path(path)); }
  ASSERT_TRUE(exists(path));
  auto fd = open_listening_socket(at_path(path));
  ASSERT_TRUE(fd.ok()) << fd.error();
  EXPECT_TRUE(connect_to(*Address::unix_path(path)));
}

TEST(SocketFile, OfARunningProcessStays) {
  const ScratchDir folder;
  const std::string path = folder / "gate.sock";
  const auto running = open_listening_socket(at_path(path));
  const auto second = open_listening_socket(at_path(path));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error(), HasSubstr("another process listens there"));
  EXPECT_TRUE(connect_to(*Address::unix_path(path)));
}

TEST(SocketFile, IsNotWrittenOverAnotherFile) {
  const ScratchDir folder;
  const std::string path = folder / "notes.txt";
  std::ofstream(path) << "precious";
  const auto refused = open_listening_socket(at_path(path));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error(), HasSubstr("it is no socket"));
  EXPECT_TRUE(exists(path));
}

TEST(SocketFile, OfASuccessorIsLeftAlone) {
  const ScratchDir folder;
  const std::string path = folder / "gate.sock";
  auto first = open_listening_socket(at_path(path));
  std::optional<SocketFile> file(path);
  first = UniqueFd();
  const auto successor = open_listening_socket(at_path(path));
  ASSERT_TRUE(successor.ok());
  file.reset();
  EXPECT_TRUE(exists(path));
}

// Nothing is left to accept with: connections wait, the thread rests, and goes on when there is room again.
TEST(Listener, OutOfDescriptorsRestsInsteadOfSpinning) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer itself needs descriptors to look at memory";
#endif
  LoopThread thread;
  auto socket = open_listening_socket({"127.0.0.1", 0, "", "127.0.0.1:0"});
  ASSERT_TRUE(socket.ok());
  const Address address = bound_address(socket->get());
  std::vector<UniqueFd> accepted;
  std::atomic<int> count = 0;
  std::unique_ptr<Listener> listener;
  thread.run([&] {
    listener =
        std::make_unique<Listener>(thread.loop(), std::move(*socket), [&](UniqueFd fd, const Address&) {
          accepted.push_back(std::move(fd));
          ++count;
        });
  });
  const UniqueFd before = connect_to(address);
  ASSERT_TRUE(comes_true([&] { return count == 1; }));

  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  std::vector<UniqueFd> hoard;
  rlimit usual{};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  const rlimit low{64, usual.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  for (;;) {
    UniqueFd fd(::fcntl(client.get(), F_DUPFD_CLOEXEC, 0));
    if (!fd) break;
    hoard.push_back(std::move(fd));
  }
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  const double cpu_before = static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
  ASSERT_EQ(::connect(client.get(), address.get(), address.length()), 0);  // the kernel's queue has room
  const TimePoint until = steady_now() + 500ms;
  while (steady_now() < until) std::this_thread::sleep_for(10ms);
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  const double cpu = static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec) - cpu_before;
  EXPECT_EQ(count, 1);
  EXPECT_LT(cpu, 0.1) << "of half a second";

  hoard.clear();
  ::setrlimit(RLIMIT_NOFILE, &usual);
  EXPECT_TRUE(comes_true([&] { return count == 2; }));
  thread.run([&] { listener.reset(); });
}

TEST(Listener, ThatIsToldToStopDoesNotWakeFromItsRest) {
  LoopThread thread;
  auto socket = open_listening_socket({"127.0.0.1", 0, "", "127.0.0.1:0"});
  const Address address = bound_address(socket->get());
  std::atomic<int> count = 0;
  std::unique_ptr<Listener> listener;
  thread.run([&] {
    listener = std::make_unique<Listener>(thread.loop(), std::move(*socket),
                                          [&](UniqueFd, const Address&) { ++count; });
    listener->set_accepting(false);
  });
  const UniqueFd first = connect_to(address);
  const TimePoint until = steady_now() + 150ms;  // longer than a rest
  while (steady_now() < until) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(count, 0);
  thread.run([&] { listener->set_accepting(true); });
  EXPECT_TRUE(comes_true([&] { return count == 1; }));
  thread.run([&] { listener.reset(); });
}

}  // namespace
}  // namespace gw::net
