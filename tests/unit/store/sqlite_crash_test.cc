// SPDX-License-Identifier: Apache-2.0
// A process that is killed while it writes has lost nothing that it acknowledged. The writer to be killed is
// this program, started again with kChildPlace set.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "store/sqlite_store.h"
#include "support/scratch_dir.h"
#include "support/store_client.h"

namespace gw::store {
namespace {

using test::StoreClient;

constexpr WallSeconds kNow = 1'700'000'000;
constexpr const char* kChildPlace = "GW_TEST_STORE_PLACE";
constexpr const char* kChildFirst = "GW_TEST_STORE_FIRST";
constexpr int kChildPipe = 9;

std::string token(int n, int generation) {
  return std::to_string(n) + "/" + std::to_string(generation);
}

// Opened, refreshed once, and every third one revoked.
bool write_session(StoreClient& client, int n) {
  const std::string id = "s" + std::to_string(n);
  if (!client.open_family({id, "users:1", "users", "", kNow, kNow + 1000}, token(n, 0))) return false;
  if (!client.rotate({token(n, 0), token(n, 1), 10s, kNow + 100}, kNow)) return false;
  return n % 3 != 0 || client.revoke({RevokedKind::session, id, kNow, kNow + 1000});
}

TEST(SqliteCrashChild, WritesUntilItIsKilled) {
  const char* place = std::getenv(kChildPlace);
  if (place == nullptr) GTEST_SKIP() << "runs as the child of the test below";
  const auto store = SqliteStore::open({.path = place});
  ASSERT_TRUE(store);
  StoreClient client(**store);
  for (int n = std::atoi(std::getenv(kChildFirst));; ++n) {
    ASSERT_TRUE(write_session(client, n));
    ASSERT_EQ(::write(kChildPipe, &n, sizeof n), static_cast<ssize_t>(sizeof n));
  }
}

class Child {
 public:
  Child(const std::string& place, int first) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read_end_ = UniqueFd(ends[0]);
    const UniqueFd write_end(ends[1]);
    ::setenv(kChildPlace, place.c_str(), 1);
    ::setenv(kChildFirst, std::to_string(first).c_str(), 1);
    std::string program = "/proc/self/exe";
    std::string filter = "--gtest_filter=SqliteCrashChild.*";
    std::string brief = "--gtest_brief=1";
    std::vector<char*> arguments{program.data(), filter.data(), brief.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, write_end.get(), kChildPipe);
    const int failed = posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::unsetenv(kChildPlace);
    ::unsetenv(kChildFirst);
    if (failed != 0) std::abort();
  }

  // Up to `limit` of the sessions that it acknowledges; fewer when it has ended.
  std::vector<int> read_acknowledged(std::size_t limit) {
    std::vector<int> sessions;
    int n = 0;
    while (sessions.size() < limit && ::read(read_end_.get(), &n, sizeof n) == static_cast<ssize_t>(sizeof n))
      sessions.push_back(n);
    return sessions;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child had ended by itself";
  }

 private:
  UniqueFd read_end_;
  pid_t pid_ = -1;
};

TEST(SqliteCrash, KilledWhileItWritesLosesNothingThatItAcknowledged) {
  test::ScratchDir dir;
  const std::string place = dir / "store.db";
  std::vector<int> acknowledged;
  for (int round = 0; round < 6; ++round) {
    Child child(place, round * 1'000'000);
    for (const int n : child.read_acknowledged(40 + static_cast<std::size_t>(round) * 7))
      acknowledged.push_back(n);
    child.kill();
    for (const int n : child.read_acknowledged(SIZE_MAX)) acknowledged.push_back(n);
    ASSERT_GE(acknowledged.size(), static_cast<std::size_t>(round + 1) * 40);

    const auto store = SqliteStore::open({.path = place});
    ASSERT_TRUE(store) << store.error().detail;
    StoreClient client(**store);
    for (const int n : acknowledged) {
      ASSERT_EQ(client.find_family(token(n, 1), kNow)->outcome,
                n % 3 == 0 ? RotateOutcome::revoked : RotateOutcome::rotated)
          << n;
    }
  }
}

}  // namespace
}  // namespace gw::store
