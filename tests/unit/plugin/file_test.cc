// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "support/backend_fixture.h"

namespace gw::plugin {
namespace {

using auth::BackendFault;
using test::fault_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// All of the password "correct horse battery staple", by htpasswd, openssl and Python.
const std::string kBcrypt = "$2y$05$enGg67inJcG6LbW2z4S2Y.U6FCZWOaaAMNOG/ksTQintIcQESEqpC";
const std::string kSha512 =
    "$6$saltsalt$CPgxBHZBXfhC6lX1yxpdEsbQfXmg3WXVj8AoVwyNFLfb5AtbfM8k6A8yehv1z6sgzoH/DUIs7YK9hVnGhTjhW/";
const std::string kSha256 = "$5$saltsalt$3hGFMknrJ4ZpFPe7XZe397oIMEp7sbvqrcsX/ONJ3i.";
const std::string kArgon2 = "$argon2id$v=19$m=1024,t=2,p=1$UCoRdH6oVHcAgS0LN27aFA$8OFSs2KDh/CmOf2s1Y6k4w";
const std::string kUnsalted = "{SHA}q/eq1kOINtvlJqojGr3i0O73TUI=";
const std::string kApacheMd5 = "$apr1$V63EVWzy$F7doaEQOyx7KfiYqQzqFu1";

class File : public ::testing::Test {
 protected:
  // A file of its own each time, moved into place, as a careful administrator does it.
  void replace_file(const std::string& text) {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  auth::BackendOptions options() { return test::backend_options("staff", "file", {{"path", path_}}); }
  void open(const std::string& text) {
    replace_file(text);
    backend_ = test::open_backend(options(), hasher_);
  }
  std::string problem(const std::string& text) {
    replace_file(text);
    const auto backend = PluginBackend::create(options(), test::kPluginDir, hasher_);
    EXPECT_FALSE(backend.ok()) << text;
    return backend ? "" : backend.error();
  }
  std::optional<BackendFault> log_in(std::string_view username,
                                     std::string_view password = "correct horse battery staple") {
    return fault_of(backend_->verify(username, SecretString(std::string(password))));
  }

  test::ScratchDir dir_;
  std::string path_ = dir_ / "users.htpasswd";
  std::shared_ptr<auth::PasswordHasher> hasher_ = test::cheap_hasher();
  std::unique_ptr<PluginBackend> backend_;
};

TEST_F(File, TheKindsOfHashOfHtpasswdLogIn) {
  open("a:" + kBcrypt + "\nb:" + kSha512 + "\nc:" + kSha256 + "\nd:" + kArgon2 + "\ne:" + kApacheMd5 + "\n");
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    EXPECT_FALSE(log_in(name)) << name;
    EXPECT_EQ(log_in(name, "wrong"), BackendFault::wrong_password) << name;
  }
}

TEST_F(File, PlainTextAndUnsaltedHashesNeverMatch) {
  open(std::string("plain:correct horse battery staple") +
       "\nsha:{SHA}q/eq1kOINtvlJqojGr3i0O73TUI=\ndes:5oPrl2BQ5195s\nempty:\nstar:*\n");
  for (const char* name : {"plain", "sha", "des", "empty", "star"}) {
    EXPECT_EQ(log_in(name), BackendFault::wrong_password) << name;
    EXPECT_EQ(log_in(name, ""), BackendFault::wrong_password) << name;
    EXPECT_EQ(log_in(name, "*"), BackendFault::wrong_password) << name;
  }
}

TEST_F(File, AnAccountMayHaveAnAddressANameAndRoles) {
  open("alice:" + kBcrypt + ":alice@example.com:Alice Müller:clerk,say \"hi\\\"\nbob:" + kBcrypt + "\n");
  const auto alice = backend_->verify("Alice@Example.COM", SecretString("correct horse battery staple"));
  ASSERT_TRUE(alice.ok());
  EXPECT_EQ(alice->subject, "staff:alice");
  EXPECT_EQ(alice->username, "alice");
  EXPECT_EQ(alice->email, "alice@example.com");
  EXPECT_EQ(alice->name, "Alice Müller");
  EXPECT_THAT(alice->roles, ElementsAre("clerk", "say \"hi\\\""));
  const auto bob = backend_->find("bob");
  ASSERT_TRUE(bob.ok());
  EXPECT_EQ(bob->email, "");
  EXPECT_THAT(bob->roles, IsEmpty());
}

TEST_F(File, UserNamesAreComparedExactly) {
  open("alice:" + kBcrypt + "\n");
  EXPECT_EQ(log_in("ALICE"), BackendFault::unknown_user);
  EXPECT_EQ(log_in("alice "), BackendFault::unknown_user);
  EXPECT_EQ(log_in("alic"), BackendFault::unknown_user);
  EXPECT_EQ(log_in("alice:" + kBcrypt), BackendFault::unknown_user);
  EXPECT_EQ(fault_of(backend_->find_subject("staff:ALICE")), BackendFault::unknown_user);
  EXPECT_FALSE(fault_of(backend_->find_subject("staff:alice")));
}

TEST_F(File, CommentsBlankLinesAndWindowsLineEndsAreTaken) {
  open("# staff\r\n\r\nalice:" + kBcrypt + "\r\n#bob:" + kBcrypt + "\n\ncarol:" + kSha256);
  EXPECT_FALSE(log_in("alice"));
  EXPECT_FALSE(log_in("carol"));
  EXPECT_EQ(log_in("#bob"), BackendFault::unknown_user);
  EXPECT_EQ(backend_->list()->size(), 2u);
}

TEST_F(File, EveryAnswerTakesOneHashOfTheKindInTheFile) {
  open("alice:" + kBcrypt + "\nplain:text\n");
  std::uint64_t expected = hasher_->computations();
  for (const char* name : {"alice", "nobody", "plain", "ALICE", "' OR 1=1 --"}) {
    EXPECT_TRUE(log_in(name, "wrong").has_value());
    EXPECT_EQ(hasher_->computations(), ++expected) << name;
  }
}

TEST_F(File, EveryWrongLineIsNamed) {
  EXPECT_THAT(
      problem("alice:" + kBcrypt + "\nno colon here\n:" + kBcrypt + "\nalice:" + kSha256 + "\n"),
      AllOf(HasSubstr("users.htpasswd: line 2: it has no colon"), HasSubstr("line 3: the user name is empty"),
            HasSubstr("line 4: user \"alice\" stands already in line 1")));
  EXPECT_THAT(problem("a:b:c:d:e:f\n"), HasSubstr("line 1: it has too many columns"));
  EXPECT_THAT(problem("a:x\xC3(\n"), HasSubstr("line 1: it is not UTF-8"));
  EXPECT_THAT(problem(std::string("a:\0\n", 4)), HasSubstr("line 1: it contains a control character"));
  EXPECT_THAT(problem("a\n\nb\nc\nd\ne\nf\ng\n"),
              AllOf(HasSubstr("line 6"), HasSubstr("and 2 more"), Not(HasSubstr("line 7"))));
}

TEST_F(File, ANameCannotBeAnothersAddress) {
  EXPECT_THAT(problem("a:x:b@example.com\nb@example.com:x\n"),
              HasSubstr("line 2: user name \"b@example.com\" is the"));
  EXPECT_THAT(problem("B@example.com:x\na:x:b@example.com\n"),
              HasSubstr("line 2: e-mail address \"b@example.com\" is the"));
  EXPECT_THAT(problem("a:x:c@example.com\nb:x:C@Example.com\n"), HasSubstr("stands already in line 1"));
  open("a@example.com:" + kBcrypt + ":A@example.com\n");
  EXPECT_FALSE(log_in("a@example.com"));
}

TEST_F(File, AFileThatIsNotThereIsAnError) {
  const auto backend = PluginBackend::create(options(), test::kPluginDir, hasher_);
  ASSERT_FALSE(backend.ok());
  EXPECT_THAT(backend.error(), HasSubstr("users.htpasswd: No such file or directory"));
}

TEST_F(File, AFolderOrAPipeIsNoUserFile) {
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(PluginBackend::create(options(), test::kPluginDir, hasher_).ok());
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(PluginBackend::create(options(), test::kPluginDir, hasher_).ok());
}

TEST_F(File, AChangeIsSeenAtTheNextLogin) {
  open("alice:" + kBcrypt + "\n");
  EXPECT_FALSE(log_in("alice"));
  replace_file("bob:" + kSha256 + "\n");
  EXPECT_EQ(log_in("alice"), BackendFault::unknown_user);
  EXPECT_FALSE(log_in("bob"));
  std::ofstream(path_, std::ios::app) << "carol:" << kSha512 << "\n";
  EXPECT_FALSE(log_in("carol"));
}

TEST_F(File, ABrokenFileLeavesTheUsersOfTheLastGoodOne) {
  open("alice:" + kBcrypt + "\n");
  replace_file("bob:" + kBcrypt + "\nbroken\n");
  EXPECT_FALSE(log_in("alice"));
  EXPECT_EQ(log_in("bob"), BackendFault::unknown_user);
  std::filesystem::remove(path_);
  EXPECT_FALSE(log_in("alice"));
  replace_file("bob:" + kBcrypt + "\n");
  EXPECT_FALSE(log_in("bob"));
  EXPECT_EQ(log_in("alice"), BackendFault::unknown_user);
}

TEST_F(File, ABrokenFileIsReportedOnce) {
  open("alice:" + kBcrypt + "\n");
  replace_file("broken\n");
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(backend_->find("alice").ok());
  const std::string log = ::testing::internal::GetCapturedStderr();
  const std::size_t first = log.find("line 1: it has no colon");
  EXPECT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("line 1: it has no colon", first + 1), std::string::npos) << log;
}

TEST_F(File, AHashThatIsOfNoUseIsReportedWithItsLineAndNotShown) {
  ::testing::internal::CaptureStderr();
  open("# staff\nalice:" + kUnsalted + "\n");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("line 2"), HasSubstr("alice"), HasSubstr("gatewarden hash-password"),
                         Not(HasSubstr(kUnsalted))));
}

TEST_F(File, ItCannotBeWritten) {
  open("alice:" + kBcrypt + "\n");
  EXPECT_FALSE(backend_->can_write());
  EXPECT_EQ(fault_of(backend_->remove("alice")), BackendFault::read_only);
}

TEST_F(File, EightThreadsLogInWhileTheFileChanges) {
  open("alice:" + kSha256 + "\n");
  std::atomic<int> accepted{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) accepted += !log_in("alice").has_value();
    });
  }
  std::thread writer([&] {
    for (int i = 0; !done; ++i) replace_file("alice:" + kSha256 + "\nuser-" + std::to_string(i) + ":x\n");
  });
  for (std::thread& thread : threads) thread.join();
  done = true;
  writer.join();
  EXPECT_EQ(accepted, 160);
}

}  // namespace
}  // namespace gw::plugin
