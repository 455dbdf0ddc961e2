// SPDX-License-Identifier: Apache-2.0
#include "cli/user.h"

#include <gmock/gmock.h>

#include <deque>
#include <fstream>
#include <sstream>

#include "cli/hash_password.h"
#include "support/backend_fixture.h"

namespace gw::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kBcrypt =
    "$2y$05$enGg67inJcG6LbW2z4S2Y.U6FCZWOaaAMNOG/ksTQintIcQESEqpC";  // by htpasswd -B

class UserCommandTest : public ::testing::Test {
 protected:
  UserCommandTest() {
    settings_.backends = {test::backend_options("users", "sqlite", {{"path", dir_ / "users.db"}})};
    settings_.plugin_dir = test::kPluginDir;
    settings_.hash = {.memory_kib = 32, .iterations = 1, .lanes = 1};
  }

  int run(const UserCommand& command, const std::string& standard_input = "") {
    std::istringstream in(standard_input);
    std::ostringstream out, err;
    const int status = run_user(
        command, settings_, [this](std::string_view) { return typed(); }, in, out, err);
    out_ = out.str();
    err_ = err.str();
    EXPECT_EQ(err_.empty(), status == 0) << err_;
    return status;
  }
  UserCommand command(UserAction action, const std::string& username = "") {
    UserCommand made;
    made.action = action;
    made.username = username;
    return made;
  }
  int add(const std::string& username, const std::string& email = "") {
    UserCommand adding = command(UserAction::add, username);
    adding.email = email;
    adding.password_stdin = true;
    return run(adding, "a long enough password\n");
  }
  bool logs_in(std::string_view username, const std::string& password) {
    const auto backend = test::open_backend(settings_.backends.front(), test::cheap_hasher());
    return backend->verify(username, SecretString(password)).ok();
  }

  test::ScratchDir dir_;
  UserSettings settings_;
  std::deque<std::string> keyboard_;
  std::string out_, err_;

 private:
  PasswordResult typed() {
    if (keyboard_.empty()) return std::string("there is no terminal");
    SecretString next(keyboard_.front());
    keyboard_.pop_front();
    return next;
  }
};

TEST_F(UserCommandTest, AnAddedUserLogsInByNameAndAddress) {
  UserCommand adding = command(UserAction::add, "alice");
  adding.email = "alice@example.com";
  adding.name = "Alice A.";
  adding.roles = {"clerk", "admin"};
  adding.password_stdin = true;
  EXPECT_EQ(run(adding, "a long enough password\n"), 0);
  EXPECT_THAT(out_, AllOf(StartsWith("added \"alice\" to backend \"users\" (sub users:"),
                          Not(HasSubstr("password"))));
  EXPECT_TRUE(logs_in("alice", "a long enough password"));
  EXPECT_TRUE(logs_in("ALICE@example.com", "a long enough password"));

  EXPECT_EQ(run(command(UserAction::show, "alice")), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("Alice A."), HasSubstr("clerk,admin"), HasSubstr("active"),
                          Not(HasSubstr("argon2"))));
}

TEST_F(UserCommandTest, APasswordIsTheFirstLineHoweverItEnds) {
  for (const char* ending : {"", "\n", "\r\n", "\nanother line\n"}) {
    UserCommand adding = command(UserAction::add, "user" + std::to_string(std::string(ending).size()));
    adding.password_stdin = true;
    EXPECT_EQ(run(adding, std::string("  spaces are kept  ") + ending), 0);
    EXPECT_TRUE(logs_in(adding.username, "  spaces are kept  "));
  }
}

TEST_F(UserCommandTest, APasswordIsTypedTwice) {
  keyboard_ = {"a long enough password", "a long enough password"};
  EXPECT_EQ(run(command(UserAction::add, "alice")), 0);
  EXPECT_TRUE(logs_in("alice", "a long enough password"));

  keyboard_ = {"a long enough password", "a long enough passwort"};
  EXPECT_EQ(run(command(UserAction::add, "bob")), 1);
  EXPECT_THAT(err_, HasSubstr("the two passwords differ"));
  EXPECT_EQ(run(command(UserAction::show, "bob")), 1);
}

TEST_F(UserCommandTest, APasswordThatIsTooShortTooLongOrMissingIsRefused) {
  UserCommand adding = command(UserAction::add, "alice");
  adding.password_stdin = true;
  EXPECT_EQ(run(adding, "short\n"), 1);
  EXPECT_THAT(err_, AllOf(HasSubstr("has 5 characters"), HasSubstr("password.min_length asks for 12"),
                          Not(HasSubstr("short\n"))));
  EXPECT_EQ(run(adding, "éééééé\n"), 1);
  EXPECT_THAT(err_, HasSubstr("has 6 characters"));
  EXPECT_EQ(run(adding, std::string(1024 * 1024, 'x')), 1);
  EXPECT_THAT(err_, HasSubstr("longer than 1024 bytes"));
  EXPECT_EQ(run(adding, ""), 1);
  EXPECT_THAT(err_, HasSubstr("no password was given"));
  settings_.password_min_length = 5;
  EXPECT_EQ(run(adding, "short\n"), 0);
}

TEST_F(UserCommandTest, AHashMadeElsewhereIsTakenAsItIs) {
  UserCommand adding = command(UserAction::add, "alice");
  adding.password_hash = kBcrypt;
  EXPECT_EQ(run(adding), 0);
  EXPECT_TRUE(logs_in("alice", "correct horse battery staple"));

  adding.username = "bob";
  for (const char* useless : {"plain text", "{SHA}q/eq1kOINtvlJqojGr3i0O73TUI=",
                              "$argon2id$v=19$m=99999999,t=1,p=1$c2FsdHNhbHQ$eA"}) {
    adding.password_hash = useless;
    EXPECT_EQ(run(adding), 1) << useless;
    EXPECT_THAT(err_, HasSubstr("gatewarden hash-password"));
  }
  adding.password_hash = kBcrypt;
  adding.password_stdin = true;
  EXPECT_EQ(run(adding, "a long enough password\n"), 1);
  EXPECT_THAT(err_, HasSubstr("exclude each other"));
}

TEST_F(UserCommandTest, ATakenNameOrAddressIsSaidSo) {
  ASSERT_EQ(add("alice", "alice@example.com"), 0);
  EXPECT_EQ(add("Alice"), 1);
  EXPECT_THAT(err_, HasSubstr("error: \"Alice\" belongs to another account of backend \"users\""));
  EXPECT_EQ(add("bob", "ALICE@example.com"), 1);
  EXPECT_THAT(err_, HasSubstr("\"bob\" or \"ALICE@example.com\" belongs to another account"));
}

TEST_F(UserCommandTest, WhatIsNoNameAddressOrRoleIsRefused) {
  for (const std::string& name : {std::string(), std::string(" alice"), std::string("al\nice"),
                                  std::string("\xC3("), std::string(1024 * 1024, 'x')}) {
    EXPECT_EQ(add(name), 1);
    EXPECT_THAT(err_, HasSubstr("the user name must be"));
  }
  for (const char* email : {"alice", "@example.com", "alice@", "a lice@example.com", "alice@example.com\n"}) {
    EXPECT_EQ(add("alice", email), 1) << email;
    EXPECT_THAT(err_, HasSubstr("is no e-mail address"));
  }
  UserCommand adding = command(UserAction::add, "alice");
  adding.password_hash = kBcrypt;
  adding.roles = {"clerk", ""};
  EXPECT_EQ(run(adding), 1);
  EXPECT_THAT(err_, HasSubstr("a role must be"));
}

TEST_F(UserCommandTest, PasswordsCanBeChanged) {
  ASSERT_EQ(add("alice", "alice@example.com"), 0);
  UserCommand changing = command(UserAction::passwd, "alice@example.com");
  changing.password_stdin = true;
  EXPECT_EQ(run(changing, "quite another password\n"), 0);
  EXPECT_FALSE(logs_in("alice", "a long enough password"));
  EXPECT_TRUE(logs_in("alice", "quite another password"));
}

TEST_F(UserCommandTest, AMisspeltNameIsSaidBeforeAPasswordIsTyped) {
  keyboard_ = {"a long enough password", "a long enough password"};
  EXPECT_EQ(run(command(UserAction::passwd, "alcie")), 1);
  EXPECT_THAT(err_, HasSubstr("has no user \"alcie\""));
  EXPECT_EQ(keyboard_.size(), 2u);
}

TEST_F(UserCommandTest, AUserIsDisabledEnabledAndRemoved) {
  ASSERT_EQ(add("alice"), 0);
  EXPECT_EQ(run(command(UserAction::disable, "alice")), 0);
  EXPECT_FALSE(logs_in("alice", "a long enough password"));
  EXPECT_EQ(run(command(UserAction::enable, "alice")), 0);
  EXPECT_TRUE(logs_in("alice", "a long enough password"));
  EXPECT_EQ(run(command(UserAction::remove, "alice")), 0);
  EXPECT_EQ(out_, "removed \"alice\"\n");
  for (const UserAction action :
       {UserAction::show, UserAction::disable, UserAction::enable, UserAction::remove}) {
    EXPECT_EQ(run(command(action, "alice")), 1);
    EXPECT_THAT(err_, HasSubstr("has no user \"alice\""));
  }
}

TEST_F(UserCommandTest, TheListIsATableOrJson) {
  ASSERT_EQ(add("zoë", "zoe@example.com"), 0);
  ASSERT_EQ(add("al"), 0);
  UserCommand listing = command(UserAction::list);
  EXPECT_EQ(run(listing), 0);
  EXPECT_EQ(out_,
            "USER  EMAIL            NAME  ROLES  STATE\n"
            "al                                  active\n"
            "zoë   zoe@example.com               active\n");
  listing.json = true;
  EXPECT_EQ(run(listing), 0);
  const auto users = json::parse(out_);
  ASSERT_TRUE(users.ok());
  ASSERT_EQ(users->as_array()->size(), 2u);
  EXPECT_EQ(*users->as_array()->at(1).find("email")->as_string(), "zoe@example.com");
  EXPECT_EQ(users->as_array()->at(1).find("password_hash"), nullptr);
}

class SeveralBackends : public UserCommandTest {
 protected:
  SeveralBackends() {
    std::ofstream(dir_ / "staff.htpasswd") << "bob:" << kBcrypt << "\n";
    settings_.backends.push_back(test::backend_options("staff", "file", {{"path", dir_ / "staff.htpasswd"}}));
  }
};

TEST_F(SeveralBackends, TheOnlyOneThatCanBeWrittenIsMeant) {
  EXPECT_EQ(add("alice"), 0);
  EXPECT_THAT(out_, HasSubstr("to backend \"users\""));
}

TEST_F(SeveralBackends, AReadOnlyOneCanBeReadByItsName) {
  UserCommand listing = command(UserAction::list);
  listing.backend = "staff";
  EXPECT_EQ(run(listing), 0);
  EXPECT_THAT(out_, HasSubstr("bob"));
  UserCommand removing = command(UserAction::remove, "bob");
  removing.backend = "staff";
  EXPECT_EQ(run(removing), 1);
  EXPECT_THAT(err_, HasSubstr("cannot be written"));
}

TEST_F(SeveralBackends, TwoThatCanBeWrittenMustBeToldApart) {
  settings_.backends.push_back(test::backend_options("guests", "sqlite", {{"path", dir_ / "guests.db"}}));
  EXPECT_EQ(add("alice"), 1);
  EXPECT_THAT(err_, HasSubstr("choose one with --backend (users, guests)"));
  UserCommand adding = command(UserAction::add, "alice");
  adding.password_hash = kBcrypt;
  adding.backend = "guests";
  EXPECT_EQ(run(adding), 0);
  EXPECT_THAT(out_, HasSubstr("to backend \"guests\""));
}

TEST_F(SeveralBackends, AnUnknownOrMissingBackendIsSaidSo) {
  UserCommand listing = command(UserAction::list);
  listing.backend = "user";
  EXPECT_EQ(run(listing), 1);
  EXPECT_THAT(err_, HasSubstr("no backend \"user\""));
  settings_.backends.erase(settings_.backends.begin());
  EXPECT_EQ(add("alice"), 1);
  EXPECT_THAT(err_, HasSubstr("no backend can be written (staff)"));
  settings_.backends.clear();
  EXPECT_EQ(add("alice"), 1);
  EXPECT_THAT(err_, HasSubstr("has no backends"));
}

TEST_F(SeveralBackends, ABackendThatDoesNotStartIsTheError) {
  settings_.backends = {test::backend_options("users", "sqlite")};
  EXPECT_EQ(add("alice"), 1);
  EXPECT_THAT(err_, HasSubstr("error: backend \"users\": path is missing"));
}

TEST(HashPassword, MakesAHashOfTheLineThatItReads) {
  std::istringstream in("a long enough password\n");
  std::ostringstream out, err;
  EXPECT_EQ(run_hash_password({.memory_kib = 32, .iterations = 1, .lanes = 1}, nullptr, in, out, err), 0);
  EXPECT_THAT(out.str(), StartsWith("$argon2id$v=19$m=32,t=1,p=1$"));
  std::string hash = out.str();
  ASSERT_EQ(hash.back(), '\n');
  hash.pop_back();
  EXPECT_EQ(test::cheap_hasher()->match(hash, "a long enough password"), auth::PasswordMatch::yes);
  EXPECT_EQ(err.str(), "");
}

TEST(HashPassword, NothingToHashIsAnError) {
  std::istringstream in("");
  std::ostringstream out, err;
  EXPECT_EQ(run_hash_password({}, nullptr, in, out, err), 1);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(err.str(), "error: no password was given\n");
}

}  // namespace
}  // namespace gw::cli
