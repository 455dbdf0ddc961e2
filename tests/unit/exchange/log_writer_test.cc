// SPDX-License-Identifier: Apache-2.0
#include "exchange/log_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "base/clock.h"
#include "support/scratch_dir.h"

namespace gw::exchange {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LogWriter, WritesWhatIsLeftBeforeItGoes) {
  const test::ScratchDir folder;
  {
    LogWriter writer(folder / "access.log");
    writer.write("one\n");
    writer.write("two\n");
    EXPECT_EQ(writer.dropped(), 0u);
  }
  EXPECT_EQ(content_of(folder / "access.log"), "one\ntwo\n");
}

TEST(LogWriter, GoesOnInANewFileAfterARotation) {
  const test::ScratchDir folder;
  {
    LogWriter writer(folder / "access.log");
    ASSERT_EQ(std::rename((folder / "access.log").c_str(), (folder / "access.log.1").c_str()), 0);
    writer.reopen();
    writer.write("after\n");
  }
  EXPECT_EQ(content_of(folder / "access.log.1"), "");
  EXPECT_EQ(content_of(folder / "access.log"), "after\n");
}

TEST(LogWriter, SaysWhenItsFileCannotBeOpened) {
  const test::ScratchDir folder;
  EXPECT_FALSE(LogWriter(folder / "absent/access.log").is_open());
}

TEST(LogWriter, DropsAndCountsWhatDoesNotFit) {
  const test::ScratchDir folder;
  LogWriter writer(folder / "access.log");
  std::string lines(9 * 1024 * 1024, 'x');
  lines[10] = lines[20] = lines.back() = '\n';
  writer.write(std::move(lines));
  EXPECT_EQ(writer.dropped(), 3u) << "lines, not batches";
}

TEST(LogWriter, MakesTheNewFileAtOnceThoughNothingIsWritten) {
  const test::ScratchDir folder;
  LogWriter writer(folder / "access.log");
  ASSERT_EQ(std::rename((folder / "access.log").c_str(), (folder / "access.log.1").c_str()), 0);
  writer.reopen();
  struct stat found {};
  EXPECT_EQ(::stat((folder / "access.log").c_str(), &found), 0);
}

TEST(LogWriter, WritesTheOldFileOnWhenTheNewOneCannotBeMade) {
  const test::ScratchDir folder;
  ASSERT_EQ(::mkdir((folder / "logs").c_str(), 0700), 0);
  {
    LogWriter writer(folder / "logs/access.log");
    ASSERT_EQ(std::rename((folder / "logs").c_str(), (folder / "gone").c_str()), 0);
    writer.reopen();
    writer.write("after\n");
  }
  EXPECT_EQ(content_of(folder / "gone/access.log"), "after\n");
}

TEST(LogWriter, MovesToAnotherFile) {
  const test::ScratchDir folder;
  {
    LogWriter writer(folder / "one.log");
    auto opened = LogWriter::open(folder / "two.log");
    ASSERT_TRUE(opened) << opened.error();
    writer.move_to(folder / "two.log", std::move(*opened));
    writer.write("two\n");
    writer.reopen();
    writer.write("still two\n");
  }
  EXPECT_EQ(content_of(folder / "one.log"), "");
  EXPECT_EQ(content_of(folder / "two.log"), "two\nstill two\n");
}

TEST(LogWriter, CountsEveryLineThatAFullDiskLoses) {
  LogWriter writer("/dev/full");
  writer.write("one\ntwo\nthree\n");
  const TimePoint deadline = steady_now() + 10s;
  while (writer.dropped() != 3 && steady_now() < deadline) std::this_thread::yield();
  EXPECT_EQ(writer.dropped(), 3u);
}

// The limit on the size of files stands for a disk that fills up amid a line, and has room again later.
TEST(LogWriter, BeginsANewLineAfterOneThatBrokeOff) {
  const test::ScratchDir folder;
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
  {
    LogWriter writer(folder / "access.log");
    const rlimit small{6, usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    writer.write("one\ntwo\nthree\n");
    const TimePoint deadline = steady_now() + 10s;
    while (writer.dropped() != 2 && steady_now() < deadline) std::this_thread::yield();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &usual), 0);
    EXPECT_EQ(writer.dropped(), 2u) << "the one that broke off, and the one behind it";
    writer.write("four\n");
  }
  std::signal(SIGXFSZ, before);
  EXPECT_EQ(content_of(folder / "access.log"), "one\ntw\nfour\n");
}

}  // namespace
}  // namespace gw::exchange
