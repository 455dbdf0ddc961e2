// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "support/backend_fixture.h"

namespace gw::plugin {
namespace {

using auth::BackendFault;
using test::fault_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Sqlite : public ::testing::Test {
 protected:
  std::unique_ptr<PluginBackend> open() {
    return test::open_backend(test::backend_options("users", "sqlite", {{"path", path_}}), hasher_);
  }
  auth::NewAccount new_account(const std::string& username, const std::string& email = "",
                               const std::string& password = "correct horse") {
    auto hash = hasher_->hash(SecretString(password));
    EXPECT_TRUE(hash.ok());
    return {username, email, "", {}, *hash};
  }
  std::optional<BackendFault> add(const std::string& username, const std::string& email = "") {
    return fault_of(backend_->create(new_account(username, email)));
  }
  std::optional<BackendFault> log_in(std::string_view username, std::string_view password = "correct horse") {
    return fault_of(backend_->verify(username, SecretString(std::string(password))));
  }

  test::ScratchDir dir_;
  std::string path_ = dir_ / "users.db";
  std::shared_ptr<auth::PasswordHasher> hasher_ = test::cheap_hasher();
  std::unique_ptr<PluginBackend> backend_ = open();
};

TEST_F(Sqlite, AnAccountKeepsWhatItWasMadeWith) {
  auth::NewAccount added = new_account("Zoë", "Zoe@Example.com");
  added.name = "Zoë \"Z\" O'Neill";
  added.roles = {"clerk", "a,b", "\"quoted\"", "rôle"};
  const auto created = backend_->create(added);
  ASSERT_TRUE(created.ok());

  const auto account = backend_->verify("Zoë", SecretString("correct horse"));
  ASSERT_TRUE(account.ok());
  EXPECT_EQ(account->username, "Zoë");
  EXPECT_EQ(account->email, "Zoe@Example.com");
  EXPECT_EQ(account->name, added.name);
  EXPECT_EQ(account->roles, added.roles);
  EXPECT_EQ(account->subject, created->subject);
  EXPECT_FALSE(account->disabled);
}

TEST_F(Sqlite, TheIdIsARandomUuidAndTheSubjectIsMadeOfIt) {
  ASSERT_FALSE(add("alice"));
  ASSERT_FALSE(add("bob"));
  const auto alice = backend_->find("alice"), bob = backend_->find("bob");
  ASSERT_TRUE(alice.ok() && bob.ok());
  EXPECT_THAT(alice->id, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(alice->id, bob->id);
  EXPECT_EQ(alice->subject, "users:" + alice->id);
  const auto again = backend_->find_subject(alice->subject);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->username, "alice");
  EXPECT_EQ(fault_of(backend_->find_subject("users:")), BackendFault::unknown_user);
  EXPECT_EQ(fault_of(backend_->find_subject("other:" + alice->id)), BackendFault::unknown_user);
}

TEST_F(Sqlite, NameAndEmailAddressOpenTheSameAccountInAnyCase) {
  ASSERT_FALSE(add("Émile", "Émile@Example.COM"));
  const auto subject = backend_->find("Émile")->subject;
  for (const char* typed : {"Émile", "émile", "ÉMILE", "émile@example.com", "ÉMILE@EXAMPLE.com"}) {
    const auto account = backend_->verify(typed, SecretString("correct horse"));
    ASSERT_TRUE(account.ok()) << typed;
    EXPECT_EQ(account->subject, subject) << typed;
  }
}

TEST_F(Sqlite, NamesAndAddressesAreUniqueWithoutCaseAndAmongEachOther) {
  ASSERT_FALSE(add("alice", "alice@example.com"));
  EXPECT_EQ(add("alice"), BackendFault::taken);
  EXPECT_EQ(add("ALICE"), BackendFault::taken);
  EXPECT_EQ(add("bob", "Alice@Example.com"), BackendFault::taken);
  EXPECT_EQ(add("ALICE@example.com"), BackendFault::taken);  // a name that is another's address
  EXPECT_EQ(add("carol", "aLiCe"), BackendFault::taken);     // an address that is another's name
  EXPECT_EQ(backend_->list()->size(), 1u);
  EXPECT_FALSE(add("dave@example.com", "Dave@example.com"));  // one's own address as name
  EXPECT_FALSE(add("no-address-1"));
  EXPECT_FALSE(add("no-address-2"));
}

TEST_F(Sqlite, RefusalsSayWhatWasWrong) {
  ASSERT_FALSE(add("alice"));
  EXPECT_EQ(log_in("alice", "wrong"), BackendFault::wrong_password);
  EXPECT_EQ(log_in("nobody"), BackendFault::unknown_user);
  ASSERT_TRUE(backend_->set_disabled("alice", true).ok());
  EXPECT_EQ(log_in("alice"), BackendFault::disabled);
  EXPECT_EQ(log_in("alice", "wrong"), BackendFault::wrong_password);
  EXPECT_TRUE(backend_->find("alice")->disabled);
  ASSERT_TRUE(backend_->set_disabled("alice", false).ok());
  EXPECT_FALSE(log_in("alice"));
}

TEST_F(Sqlite, EveryAnswerTakesOneHash) {
  ASSERT_FALSE(add("alice"));
  ASSERT_FALSE(add("bob"));
  ASSERT_TRUE(backend_->set_disabled("bob", true).ok());
  std::uint64_t expected = hasher_->computations();
  const std::string huge(1024 * 1024, 'x');
  for (const auto& [username, password] :
       std::vector<std::pair<std::string, std::string>>{{"alice", "correct horse"},
                                                        {"alice", "wrong"},
                                                        {"nobody", "wrong"},
                                                        {"bob", "correct horse"},
                                                        {"bob", "wrong"},
                                                        {"alice", ""},
                                                        {"nobody", ""},
                                                        {"alice", huge},
                                                        {"nobody", huge},
                                                        {huge, "wrong"}}) {
    log_in(username, password);
    EXPECT_EQ(hasher_->computations(), ++expected) << username.substr(0, 20);
  }
}

TEST_F(Sqlite, AnUnknownUserIsAsSlowInAnEmptyDatabase) {
  EXPECT_EQ(log_in("nobody"), BackendFault::unknown_user);
  EXPECT_EQ(hasher_->computations(), 1u);
}

TEST_F(Sqlite, PasswordsCanBeChanged) {
  ASSERT_FALSE(add("alice", "alice@example.com"));
  ASSERT_TRUE(backend_->set_password("ALICE@example.com", *hasher_->hash(SecretString("another"))).ok());
  EXPECT_EQ(log_in("alice"), BackendFault::wrong_password);
  EXPECT_FALSE(log_in("alice", "another"));
  EXPECT_EQ(fault_of(backend_->set_password("nobody", SecretString("x"))), BackendFault::unknown_user);
}

TEST_F(Sqlite, ARemovedAccountIsGoneAndItsNamesAreFree) {
  ASSERT_FALSE(add("alice", "alice@example.com"));
  const std::string subject = backend_->find("alice")->subject;
  ASSERT_TRUE(backend_->remove("alice").ok());
  EXPECT_EQ(log_in("alice"), BackendFault::unknown_user);
  EXPECT_EQ(fault_of(backend_->find_subject(subject)), BackendFault::unknown_user);
  EXPECT_EQ(fault_of(backend_->remove("alice")), BackendFault::unknown_user);
  EXPECT_FALSE(add("bob", "alice@example.com"));
  EXPECT_FALSE(add("alice"));
  EXPECT_NE(backend_->find("alice")->subject, subject);
}

TEST_F(Sqlite, WhatLooksLikeSqlIsAName) {
  ASSERT_FALSE(add("alice"));
  const std::vector<std::string> hostile = {"' OR 1=1 --",
                                            "alice' --",
                                            "\" OR \"\"=\"",
                                            "alice'; DROP TABLE accounts; --",
                                            "%",
                                            "_____",
                                            "*",
                                            "alice' UNION SELECT 1,2,3,4,5,6,7,8 --",
                                            "?1",
                                            "{\"$ne\": null}",
                                            "alice\\",
                                            "*)(uid=*"};
  for (const std::string& name : hostile) {
    EXPECT_EQ(log_in(name), BackendFault::unknown_user) << name;
    EXPECT_EQ(log_in("alice", name), BackendFault::wrong_password) << name;
    EXPECT_FALSE(add(name)) << name;
    EXPECT_FALSE(log_in(name)) << name;
  }
  EXPECT_EQ(backend_->list()->size(), 1 + hostile.size());
}

TEST_F(Sqlite, NamesAndRolesThatAreTooLongAreRefusedAndNothingIsKept) {
  EXPECT_EQ(add(std::string(1024 * 1024, 'x')), BackendFault::unavailable);
  EXPECT_EQ(add("alice", std::string(1025, 'x')), BackendFault::unavailable);
  EXPECT_EQ(add(""), BackendFault::unavailable);
  EXPECT_EQ(add("\xC3("), BackendFault::unavailable);
  EXPECT_EQ(add("two\nlines"), BackendFault::unavailable);
  EXPECT_EQ(backend_->list()->size(), 0u);
}

TEST_F(Sqlite, TheListIsInTheOrderOfNames) {
  for (const char* name : {"carol", "alice", "bob"}) ASSERT_FALSE(add(name));
  std::vector<std::string> names;
  const auto accounts = backend_->list();
  ASSERT_TRUE(accounts.ok());
  for (const auth::Account& account : *accounts) names.push_back(account.username);
  EXPECT_THAT(names, ElementsAre("alice", "bob", "carol"));
  EXPECT_EQ(accounts->front().subject, "users:" + accounts->front().id);
}

TEST_F(Sqlite, AccountsAreThereAfterARestart) {
  ASSERT_FALSE(add("alice"));
  backend_.reset();
  backend_ = open();
  EXPECT_FALSE(log_in("alice"));
}

TEST_F(Sqlite, TwoProcessesSeeEachOthersWrites) {
  const auto other = open();
  ASSERT_FALSE(add("alice"));
  EXPECT_TRUE(other->verify("alice", SecretString("correct horse")).ok());
  ASSERT_TRUE(other->set_disabled("alice", true).ok());
  EXPECT_EQ(log_in("alice"), BackendFault::disabled);
}

TEST_F(Sqlite, NobodyElseCanReadTheFiles) {
  ASSERT_FALSE(add("alice"));
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
  }
  backend_.reset();
  chmod(path_.c_str(), 0644);
  backend_ = open();
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(Sqlite, EightThreadsLogInWhileOthersWrite) {
  ASSERT_FALSE(add("alice"));
  std::atomic<int> accepted{0}, created{0}, listed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        accepted += !log_in("alice").has_value();
        if (t < 2) created += !add("user-" + std::to_string(t) + "-" + std::to_string(i)).has_value();
        if (t == 2) listed += backend_->list().ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 160);
  EXPECT_EQ(created, 40);
  EXPECT_EQ(listed, 20);
  EXPECT_EQ(backend_->list()->size(), 41u);
}

TEST_F(Sqlite, OneOfManyGetsAName) {
  const auto other = open();
  std::atomic<int> created{0}, taken{0};
  std::vector<std::thread> threads;
  const auth::NewAccount lower = new_account("alice"), upper = new_account("ALICE");
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      PluginBackend& backend = t % 2 == 0 ? *backend_ : *other;
      const auto fault = fault_of(backend.create(t % 4 < 2 ? lower : upper));
      created += !fault.has_value();
      taken += fault == BackendFault::taken;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, 1);
  EXPECT_EQ(taken, 7);
}

TEST_F(Sqlite, WhatWasAcknowledgedSurvivesAKill) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer knows no threads of a forked process";
#endif
  backend_.reset();
  int acknowledged[2];
  ASSERT_EQ(pipe(acknowledged), 0);
  const pid_t writer = fork();
  ASSERT_GE(writer, 0);
  if (writer == 0) {
    auto backend = PluginBackend::create(test::backend_options("users", "sqlite", {{"path", path_}}),
                                         test::kPluginDir, hasher_);
    for (unsigned char i = 0; backend && i < 255; ++i) {
      auth::NewAccount account{"user-" + std::to_string(i), "", "", {}, SecretString("unused")};
      if (!(*backend)->create(account).ok() || write(acknowledged[1], &i, 1) != 1) break;
    }
    _exit(1);  // only if the parent did not kill it in time
  }
  close(acknowledged[1]);
  unsigned char last = 0;
  while (last < 20 && read(acknowledged[0], &last, 1) == 1) continue;
  kill(writer, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(writer, &status, 0), writer);
  ASSERT_TRUE(WIFSIGNALED(status));
  while (read(acknowledged[0], &last, 1) == 1) continue;
  close(acknowledged[0]);

  backend_ = open();
  ASSERT_GE(last, 20);
  for (int i = 0; i <= last; ++i) EXPECT_TRUE(backend_->find("user-" + std::to_string(i)).ok()) << i;
}

class SqliteStart : public ::testing::Test {
 protected:
  std::string problem(json::Object section) {
    const auto backend = PluginBackend::create(test::backend_options("users", "sqlite", std::move(section)),
                                               test::kPluginDir, test::cheap_hasher());
    EXPECT_FALSE(backend.ok());
    return backend ? "" : backend.error();
  }
  test::ScratchDir dir_;
};

TEST_F(SqliteStart, APathIsNeededAndMustBeUsable) {
  EXPECT_THAT(problem({}), HasSubstr("path is missing"));
  EXPECT_THAT(problem({{"path", dir_ / "no/such/users.db"}}), HasSubstr("No such file or directory"));
  EXPECT_THAT(problem({{"path", dir_.path().string()}}), HasSubstr("Is a directory"));
  EXPECT_THAT(problem({{"pth", "x"}}), HasSubstr("unknown key \"pth\""));
}

TEST_F(SqliteStart, AFileThatIsNoDatabaseIsLeftAlone) {
  const std::string path = dir_ / "notes.txt";
  std::ofstream(path)
      << "Dear diary, this is not a database, but it is longer than a header of one would be.\n"
      << std::string(200, '.');
  chmod(path.c_str(), 0644);
  const auto size = std::filesystem::file_size(path);
  EXPECT_THAT(problem({{"path", path}}), HasSubstr("not a database"));
  EXPECT_EQ(std::filesystem::file_size(path), size);
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

TEST_F(SqliteStart, TheSubjectCanBeTheUuidAlone) {
  const auto hasher = test::cheap_hasher();
  const auto backend = test::open_backend(
      test::backend_options("users", "sqlite", {{"path", dir_ / "users.db"}, {"subject", "{id}"}}), hasher);
  const auto created = backend->create({"alice", "", "", {}, *hasher->hash(SecretString("correct horse"))});
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->subject, created->id);
  EXPECT_TRUE(backend->find_subject(created->id).ok());
}

}  // namespace
}  // namespace gw::plugin
