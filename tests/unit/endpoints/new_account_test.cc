// SPDX-License-Identifier: Apache-2.0
#include "endpoints/new_account.h"

#include <gtest/gtest.h>

namespace gw::endpoints {
namespace {

NewAccountForm good_form() {
  return {"bob@example.com", "bob@example.com", "Bob Builder", SecretString("a-long-enough-password")};
}

// The names of the fields that will not do.
std::vector<std::string> bad_fields(const NewAccountForm& form) {
  std::vector<std::string> names;
  const json::Value problems = find_problems(form, 12);
  if (problems.is_null()) return names;
  for (const auto& [name, problem] : *problems.as_object()) {
    EXPECT_FALSE(problem.as_string()->empty());
    names.push_back(name);
  }
  return names;
}
using Names = std::vector<std::string>;

TEST(EmailAddress, IsSomethingOnBothSidesOfOneAt) {
  for (const char* good : {"bob@example.com", "b@c", "first.last+tag@sub.example.co", "o'brien@example.com",
                           "j\xC3\xBCrg@b\xC3\xBC"
                           "cher.example",
                           "x_y-z@localhost"})
    EXPECT_TRUE(is_email_address(good)) << good;
}

TEST(EmailAddress, IsNotWhatMailServersReadInTwoWays) {
  for (const char* bad : {"",
                          "@",
                          "bob",
                          "bob@",
                          "@example.com",
                          "a@b@c",
                          "bob @example.com",
                          "bob@exa mple.com",
                          "<bob@example.com>",
                          "bob@example.com,eve@example.com",
                          "bob@example.com;eve",
                          "\"a b\"@example.com",
                          ".bob@example.com",
                          "bob.@example.com",
                          "b..b@example.com",
                          "bob@.example.com",
                          "bob@example.com.",
                          "bob@a..b",
                          "bob@-a.com",
                          "bob@[127.0.0.1]",
                          "bob@exam_ple.com",
                          "bob@example.com\n",
                          "b\tb@example.com",
                          "bob\r\nBcc: x@example.com"})
    EXPECT_FALSE(is_email_address(bad)) << bad;
  EXPECT_FALSE(is_email_address(std::string_view("b\0b@example.com", 15)));
  EXPECT_FALSE(is_email_address(std::string(65, 'a') + "@example.com"));
  EXPECT_FALSE(is_email_address("bob@" + std::string(251, 'a')));
}

TEST(Registration, GoodFieldsHaveNoProblems) {
  EXPECT_EQ(bad_fields(good_form()), Names{});
}

TEST(Registration, EveryBadFieldIsNamedAtOnce) {
  EXPECT_EQ(bad_fields({"a\nb", "not an address", "", SecretString("short")}),
            (Names{"username", "email", "name", "password"}));
  EXPECT_EQ(bad_fields({}), (Names{"email", "name", "password"}));
}

TEST(Registration, APasswordIsCountedInCharactersAndBoundedInBytes) {
  NewAccountForm form = good_form();
  std::string eleven, twelve;
  for (int i = 0; i < 11; ++i) eleven += "\xC3\xA4";
  twelve = eleven + "\xC3\xA4";
  form.password = SecretString(eleven);
  EXPECT_EQ(bad_fields(form), Names{"password"});
  form.password = SecretString(twelve);
  EXPECT_EQ(bad_fields(form), Names{});
  form.password = SecretString(std::string(1025, 'x'));
  EXPECT_EQ(bad_fields(form), Names{"password"});
}

TEST(Registration, NobodyIsCalledWhatIsAnothersAddress) {
  NewAccountForm form = good_form();
  form.username = "alice@example.com";
  EXPECT_EQ(bad_fields(form), Names{"username"});
  form.username = "bob";
  EXPECT_EQ(bad_fields(form), Names{});
}

TEST(Registration, ANameIsNotBlankNotEndlessAndOnOneLine) {
  for (const std::string& name :
       {std::string("   "), std::string(201, 'x'), std::string("a\nb"), std::string("\x7F")}) {
    NewAccountForm form = good_form();
    form.name = name;
    EXPECT_EQ(bad_fields(form), Names{"name"}) << name;
  }
}

}  // namespace
}  // namespace gw::endpoints
