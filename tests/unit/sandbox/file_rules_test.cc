// SPDX-License-Identifier: Apache-2.0
#include "sandbox/file_rules.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

#include "support/scratch_dir.h"

namespace gw::sandbox {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

void write(const fs::path& path) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << "text";
}

TEST(FileRules, TakeTheFolderOfAFileAndWhereItReallyLies) {
  const test::ScratchDir dir;
  const fs::path top = fs::canonical(dir.path());
  write(top / "real" / "key.pem");
  fs::create_directories(top / "shown");
  fs::create_symlink("../real/key.pem", top / "shown" / "key.pem");
  FileRules rules;
  rules.add_folder_of(top / "shown" / "key.pem");
  EXPECT_THAT(rules.readable, Contains(top / "shown"));
  EXPECT_THAT(rules.readable, Contains(top / "real"));
  EXPECT_THAT(rules.readable, Not(Contains(top)));
}

TEST(FileRules, TakeTheFolderOfALinkThatIsSwapped) {
  const test::ScratchDir dir;
  const fs::path top = fs::canonical(dir.path());
  write(top / "..2026" / "key.pem");
  fs::create_symlink("..2026", top / "..data");
  FileRules rules;
  rules.add_folder_of(top / "..data" / "key.pem");
  EXPECT_THAT(rules.readable, Contains(top));
}

TEST(FileRules, NameWhatIsOutOfReach) {
  const test::ScratchDir dir;
  const fs::path top = fs::canonical(dir.path());
  write(top / "a" / "one");
  write(top / "b" / "two");
  write(top / "ab" / "three");
  const FileRules rules{{top / "a"}, {top / "b"}};
  EXPECT_THAT(rules.out_of_reach({{top / "a" / "one", top / "b" / "two"}, {top / "b" / "two"}}), IsEmpty());
  EXPECT_THAT(rules.out_of_reach({{top / "ab" / "three"}, {top / "a" / "one"}}),
              ElementsAre(top / "a" / "one", top / "ab" / "three"));
  EXPECT_THAT(rules.out_of_reach({{top / "not there"}, {}}), IsEmpty());
  EXPECT_THAT(rules.out_of_reach({{top / "a" / ".." / "ab"}, {}}), ElementsAre(top / "a" / ".." / "ab"));
}

// What a process of its own finds, since rules are for good. 77: this kernel has none.
int exit_status_of(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

bool can_open(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

TEST(FileRules, LetNothingElseBeOpened) {
  const test::ScratchDir dir;
  const fs::path top = fs::canonical(dir.path());
  for (const char* name : {"read/one", "write/two", "other/three"}) write(top / name);
  const int status = exit_status_of([&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const auto version = restrict_files({{top / "read", top / "not there"}, {top / "write"}});
    if (!version) return 1;
    if (*version == 0) return 77;
    if (!can_open(top / "read" / "one", O_RDONLY) || can_open(top / "read" / "one", O_WRONLY)) return 2;
    if (can_open(top / "read" / "new", O_WRONLY | O_CREAT)) return 3;
    if (!can_open(top / "write" / "two", O_RDWR | O_TRUNC)) return 4;
    if (!can_open(top / "write" / "new", O_WRONLY | O_CREAT)) return 5;
    if (::rename((top / "write" / "new").c_str(), (top / "write" / "two").c_str()) != 0) return 6;
    if (can_open(top / "other" / "three", O_RDONLY) || errno != EACCES) return 7;
    return 0;
  });
  if (status == 77) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace gw::sandbox
