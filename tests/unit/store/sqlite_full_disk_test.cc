// SPDX-License-Identifier: Apache-2.0
// A disk that is full, or that fails, is a fault while it lasts and never the end of the process.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "store/sqlite_store.h"
#include "support/scratch_dir.h"
#include "support/store_client.h"

namespace gw::store {
namespace {

using test::StoreClient;

constexpr WallSeconds kNow = 1'700'000'000;

// Writes that go past `bytes` of a file fail with EFBIG while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

class SmallDisk {
 public:
  SmallDisk() { mounted_ = ::mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=512k") == 0; }
  ~SmallDisk() {
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  bool is_mounted() const { return mounted_; }
  std::string operator/(const std::string& name) const { return dir_ / name; }

 private:
  test::ScratchDir dir_;
  bool mounted_ = false;
};

Revocation revocation(int n) {
  return {RevokedKind::token, std::to_string(n) + std::string(500, 'x'), kNow, kNow + 100};
}

// Writes until the store refuses; tells how many it has acknowledged.
int write_until_refused(StoreClient& client) {
  for (int n = 0; n < 100'000; ++n) {
    const auto written = client.revoke(revocation(n));
    if (written) continue;
    EXPECT_EQ(written.error().fault, Fault::store_unavailable);
    return n;
  }
  ADD_FAILURE() << "the disk did not fill up";
  return 0;
}

std::size_t count(StoreClient& client) {
  const auto loaded = client.load_revocations(kNow);
  EXPECT_TRUE(loaded) << loaded.error().detail;
  return loaded ? loaded->size() : 0;
}

TEST(SqliteFullDisk, WritesThatFailAreRefusedAndSucceedAgainWithoutARestart) {
  std::signal(SIGXFSZ, SIG_IGN);
  test::ScratchDir dir;
  auto store = SqliteStore::open({.path = dir / "store.db"});
  ASSERT_TRUE(store);
  StoreClient client(**store);
  ASSERT_TRUE(client.open_family({"s1", "users:1", "users", "", kNow, kNow + 1000}, "hash"));
  int written = 0;
  {
    const FileSizeLimit limit(200'000);
    written = write_until_refused(client);
    EXPECT_FALSE(client.revoke(revocation(written))) << "goes on refusing";
    EXPECT_FALSE(client.rotate({"hash", "next", 10s, kNow + 100}, kNow));
  }
  EXPECT_GT(written, 0);
  EXPECT_EQ(client.rotate({"hash", "next", 10s, kNow + 100}, kNow)->outcome, RotateOutcome::rotated)
      << "what was refused was not done";
  EXPECT_EQ(count(client), static_cast<std::size_t>(written));
  EXPECT_TRUE(client.revoke(revocation(written)));
  store->reset();
}

TEST(SqliteFullDisk, FullFileSystemIsAFaultUntilThereIsRoom) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "needs the right to mount";
  {
    std::ofstream ballast(disk / "ballast");
    ballast << std::string(200'000, 'b');
  }
  auto store = SqliteStore::open({.path = disk / "store.db"});
  ASSERT_TRUE(store) << store.error().detail;
  StoreClient client(**store);
  const int written = write_until_refused(client);
  EXPECT_GT(written, 0);
  EXPECT_FALSE(client.revoke(revocation(written)));
  std::filesystem::remove(disk / "ballast");
  EXPECT_TRUE(client.revoke(revocation(written)));
  EXPECT_EQ(count(client), static_cast<std::size_t>(written) + 1);
  store->reset();

  auto again = SqliteStore::open({.path = disk / "store.db"});
  ASSERT_TRUE(again) << again.error().detail;
  StoreClient after(**again);
  EXPECT_EQ(count(after), static_cast<std::size_t>(written) + 1);
  again->reset();
}

}  // namespace
}  // namespace gw::store
