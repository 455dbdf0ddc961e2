// SPDX-License-Identifier: Apache-2.0
#include "server/watch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/scratch_dir.h"

namespace gw::server {
namespace {

class FileWatchTest : public ::testing::Test, private net::Deadline {
 protected:
  FileWatchTest() {
    loop_.refresh_clock();
    put("one", "1");
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void put(const std::string& name, const std::string& text) { std::ofstream(path(name)) << text; }
  // Whether a change was noticed within that time.
  bool notices(Duration within) {
    changes_ = 0;
    deadlines_.set_in(*this, within);
    loop_.run();
    return changes_ != 0;
  }
  // The kernel's clock for files has moved on, by more than newer kernels may stamp a file ahead of it.
  void pass() {
    const auto enough = FileWatch::moment() + 20'000'000;
    while (FileWatch::moment() < enough) continue;
  }

  net::EventLoop loop_;
  net::Deadlines deadlines_{loop_};
  FileWatch watch_{loop_, deadlines_, [this] {
                     ++changes_;
                     loop_.stop();
                   }};

 private:
  void on_deadline() override { loop_.stop(); }

  test::ScratchDir folder_;
  int changes_ = 0;
};

TEST_F(FileWatchTest, NothingNewIsNoChange) {
  pass();
  watch_.follow({path("one")}, FileWatch::moment());
  EXPECT_FALSE(notices(600ms));
  watch_.look();
  put("two", "2");
  pass();
  watch_.follow({path("one"), path("two")}, FileWatch::moment());
  EXPECT_FALSE(notices(600ms));
}

TEST_F(FileWatchTest, WhatChangesWhileItIsReadIsAChange) {
  pass();
  watch_.follow({path("one")}, FileWatch::moment());
  watch_.look();
  put("one", "another");
  watch_.follow({path("one")}, FileWatch::moment());
  EXPECT_TRUE(notices(10s));
}

// A file that was not known before may have been written again between being read and being followed.
TEST_F(FileWatchTest, SoIsAFileThatCameMeanwhile) {
  pass();
  watch_.follow({path("one")}, FileWatch::moment());
  watch_.look();
  const auto read_since = FileWatch::moment();
  put("two", "2");
  watch_.follow({path("one"), path("two")}, read_since);
  EXPECT_TRUE(notices(10s));
}

TEST_F(FileWatchTest, AtTheStartToo) {
  const auto read_since = FileWatch::moment();
  put("one", "another");
  watch_.follow({path("one")}, read_since);
  EXPECT_TRUE(notices(10s));
}

}  // namespace
}  // namespace gw::server
