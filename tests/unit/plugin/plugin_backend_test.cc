// SPDX-License-Identifier: Apache-2.0
// The border: plugins that go wrong, and what no plugin gets to see.
#include "plugin/plugin_backend.h"

#include <gmock/gmock.h>

#include "support/backend_fixture.h"

namespace gw::plugin {
namespace {

using auth::BackendFault;
using test::backend_options;
using test::cheap_hasher;
using test::fault_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string start_problem(const auth::BackendOptions& options) {
  const auto backend = PluginBackend::create(options, test::kFixtureDir, cheap_hasher());
  EXPECT_FALSE(backend.ok());
  return backend ? "" : backend.error();
}

TEST(PluginStart, AReasonOfThePluginIsTheError) {
  EXPECT_EQ(start_problem(backend_options("users", "refuses_to_start", {{"why", "the moon is full"}})),
            "backend \"users\": the moon is full");
}

TEST(PluginStart, ALongReasonIsCut) {
  const std::string problem =
      start_problem(backend_options("users", "refuses_to_start", {{"why", std::string(5000, 'x')}}));
  EXPECT_GT(problem.size(), 500u);
  EXPECT_LT(problem.size(), 1100u);
}

TEST(PluginStart, APluginWithoutAReasonOrWithAnExceptionIsAnErrorToo) {
  EXPECT_THAT(start_problem(backend_options("users", "refuses_to_start")), HasSubstr("gave no reason"));
  EXPECT_THAT(start_problem(backend_options("users", "refuses_to_start", {{"why", "throw"}})),
              HasSubstr("exception"));
}

TEST(PluginStart, APluginThatOnlySaysItCanWriteIsRefused) {
  EXPECT_THAT(start_problem(backend_options("users", "half_writable")), HasSubstr("lacks functions"));
}

TEST(PluginStart, AnUnknownKeyIsNamedWithThoseThatAreTaken) {
  EXPECT_THAT(start_problem(backend_options("users", "refuses_to_start", {{"whi", "x"}})),
              AllOf(HasSubstr("unknown key \"whi\""), HasSubstr("why")));
}

TEST(PluginStart, ANulInASettingIsRefusedForItWouldEndTheText) {
  EXPECT_THAT(start_problem(backend_options("users", "refuses_to_start", {{"why", std::string("a\0b", 3)}})),
              HasSubstr("NUL"));
}

TEST(PluginStart, UpgradingHashesNeedsABackendThatCanStoreThem) {
  auto options = backend_options("users", "garbage");
  options.upgrade_hashes = true;
  EXPECT_THAT(start_problem(options), HasSubstr("upgrade_to: it cannot store a new password hash"));
}

TEST(PluginStart, ASubjectThatLeadsBackToNobodyIsRefused) {
  EXPECT_THAT(start_problem(backend_options("users", "garbage", {{"subject", "everybody"}})),
              HasSubstr("subject: "));
  EXPECT_THAT(start_problem(backend_options("users", "garbage", {{"subject", 7}})), HasSubstr("subject: "));
}

class Garbage : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<PluginBackend> backend_ =
      test::open_backend(backend_options("users", "garbage"), cheap_hasher(), test::kFixtureDir);
};

TEST_P(Garbage, FromAPluginLetsNobodyIn) {
  EXPECT_EQ(fault_of(backend_->verify(GetParam(), SecretString("password"))), BackendFault::unavailable);
  EXPECT_EQ(fault_of(backend_->find(GetParam())), BackendFault::unavailable);
  EXPECT_EQ(fault_of(backend_->find_subject(std::string("users:") + GetParam())), BackendFault::unavailable);
}

INSTANTIATE_TEST_SUITE_P(PluginBackend, Garbage,
                         ::testing::Values("no-account", "null-account", "two-accounts", "code",
                                           "negative-code", "throw", "throw-int", "empty-id", "null-id",
                                           "endless-id", "huge-id", "id-bytes", "id-nul", "empty-username",
                                           "username-control", "email-bytes", "huge-name", "roles-cut",
                                           "roles-object", "roles-number", "roles-deep", "roles-huge",
                                           "attributes-list", "attributes-twice"));

class CarelessPlugin : public ::testing::Test {
 protected:
  std::shared_ptr<auth::PasswordHasher> hasher_ = cheap_hasher();
  std::unique_ptr<PluginBackend> backend_ =
      test::open_backend(backend_options("users", "garbage"), hasher_, test::kFixtureDir);
};

TEST_F(CarelessPlugin, AnAccountThatIsFineIsTaken) {
  const auto account = backend_->verify("fine", SecretString("password"));
  ASSERT_TRUE(account.ok());
  EXPECT_EQ(account->subject, "users:fine");
}

TEST_F(CarelessPlugin, ADisabledAccountIsDisabledWhateverThePluginReturns) {
  EXPECT_EQ(fault_of(backend_->verify("disabled", SecretString("password"))), BackendFault::disabled);
}

TEST_F(CarelessPlugin, AnEmptyOrEndlessPasswordIsWrongWithoutAskingThePlugin) {
  // This one would accept them.
  EXPECT_EQ(fault_of(backend_->verify("fine", SecretString())), BackendFault::wrong_password);
  EXPECT_EQ(fault_of(backend_->verify("fine", SecretString(std::string(1024 * 1024, 'x')))),
            BackendFault::wrong_password);
  EXPECT_EQ(hasher_->computations(), 2u);
}

TEST_F(CarelessPlugin, AUserNameThatIsNoTextIsUnknownWithoutAskingThePlugin) {
  const std::string nul("fine\0", 5);
  for (const std::string& name : {std::string(), std::string(1025, 'x'), std::string(1024 * 1024, 'x'), nul,
                                  std::string("fine\n"), std::string("\xC3(")}) {
    const std::uint64_t before = hasher_->computations();
    EXPECT_EQ(fault_of(backend_->verify(name, SecretString("password"))), BackendFault::unknown_user);
    EXPECT_EQ(hasher_->computations(), before + 1);
    EXPECT_EQ(fault_of(backend_->find(name)), BackendFault::unknown_user);
  }
}

TEST_F(CarelessPlugin, ASubjectThatLeadsToAnotherAccountFindsNobody) {
  // The plugin answers every look-up with the account "fine".
  EXPECT_EQ(fault_of(backend_->find_subject("users:other")), BackendFault::unknown_user);
  EXPECT_FALSE(fault_of(backend_->find_subject("users:fine")).has_value());
}

TEST_F(CarelessPlugin, WhatCannotBeWrittenSaysSo) {
  EXPECT_FALSE(backend_->can_write());
  EXPECT_EQ(fault_of(backend_->create({})), BackendFault::read_only);
  EXPECT_EQ(fault_of(backend_->set_password("fine", SecretString("x"))), BackendFault::read_only);
  EXPECT_EQ(fault_of(backend_->set_disabled("fine", true)), BackendFault::read_only);
  EXPECT_EQ(fault_of(backend_->remove("fine")), BackendFault::read_only);
  EXPECT_EQ(fault_of(backend_->list()), BackendFault::unavailable);
}

TEST(OpenBackends, EveryProblemIsReportedWithItsPlace) {
  std::vector<auth::BackendOptions> sections = {
      backend_options("one", "missing"), backend_options("two", "refuses_to_start", {{"why", "no"}}),
      backend_options("three", "garbage"), backend_options("four", "garbage", {{"subject", "{username}"}}),
      backend_options("five", "garbage")};
  for (int i = 0; i < 5; ++i) sections[static_cast<std::size_t>(i)].place.line = 10 + i;

  const OpenedBackends opened = open_backends(sections, test::kFixtureDir, cheap_hasher());

  ASSERT_EQ(opened.problems.size(), 4u);
  EXPECT_EQ(opened.problems[0].place.line, 10);
  EXPECT_EQ(opened.problems[1].place.line, 11);
  EXPECT_THAT(opened.problems[2].what,
              AllOf(HasSubstr("\"four\""), HasSubstr("\"three\""), HasSubstr("subjects")));
  EXPECT_THAT(opened.problems[3].what, AllOf(HasSubstr("\"five\""), HasSubstr("\"four\"")));
  EXPECT_EQ(opened.backends.size(), 3u);
}

}  // namespace
}  // namespace gw::plugin
