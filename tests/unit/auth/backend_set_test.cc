// SPDX-License-Identifier: Apache-2.0
#include "auth/backend_set.h"

#include <gtest/gtest.h>

#include <map>

namespace gw::auth {
namespace {

// Knows one user; counts how often it was asked to check a password.
class OneUser final : public CredentialBackend {
 public:
  OneUser(std::string name, std::string user, std::string password)
      : name_(std::move(name)), user_(std::move(user)), password_(std::move(password)) {}

  const std::string& name() const override { return name_; }
  bool can_write() const override { return writable; }
  bool asks_next_when_away() const override { return asks_next; }
  Result<Account, BackendFault> verify(std::string_view username, const SecretString& password) override {
    ++passwords_checked;
    if (away) return BackendFault::unavailable;
    if (username != user_) return BackendFault::unknown_user;
    if (password.reveal() != password_) return BackendFault::wrong_password;
    if (disabled) return BackendFault::disabled;
    return account();
  }
  Result<Account, BackendFault> find(std::string_view username) override {
    if (away) return BackendFault::unavailable;
    if (username != user_) return BackendFault::unknown_user;
    return account();
  }
  Result<Account, BackendFault> find_subject(std::string_view subject) override {
    if (away) return BackendFault::unavailable;
    if (subject != name_ + ":" + user_) return BackendFault::unknown_user;
    return account();
  }
  Result<Account, BackendFault> create(const NewAccount&) override { return BackendFault::read_only; }
  Result<void, BackendFault> set_password(std::string_view, const SecretString&) override {
    return BackendFault::read_only;
  }
  Result<void, BackendFault> set_disabled(std::string_view, bool) override { return BackendFault::read_only; }
  Result<void, BackendFault> remove(std::string_view) override { return BackendFault::read_only; }
  Result<std::vector<Account>, BackendFault> list() override { return BackendFault::read_only; }

  bool away = false;
  bool asks_next = false;
  bool disabled = false;
  bool writable = false;
  int passwords_checked = 0;

 private:
  Account account() const {
    Account account;
    account.subject = name_ + ":" + user_;
    account.id = user_;
    account.username = user_;
    account.disabled = disabled;
    return account;
  }
  std::string name_, user_, password_;
};

class BackendSetTest : public ::testing::Test {
 protected:
  std::shared_ptr<OneUser> staff_ = std::make_shared<OneUser>("staff", "alice", "alice's password");
  std::shared_ptr<OneUser> guests_ = std::make_shared<OneUser>("guests", "bob", "bob's password");
  std::shared_ptr<OneUser> namesakes_ = std::make_shared<OneUser>("namesakes", "alice", "another password");
  BackendSet set_{{staff_, guests_, namesakes_}};

  BackendFault refusal(std::string_view user, const char* password) {
    const auto verified = set_.verify(user, SecretString(password));
    EXPECT_FALSE(verified.ok());
    return verified ? BackendFault::read_only : verified.error();
  }
  int passwords_checked() const {
    return staff_->passwords_checked + guests_->passwords_checked + namesakes_->passwords_checked;
  }
};

TEST_F(BackendSetTest, TheBackendThatKnowsTheUserAccepts) {
  const auto bob = set_.verify("bob", SecretString("bob's password"));
  ASSERT_TRUE(bob.ok());
  EXPECT_EQ(bob->backend, "guests");
  EXPECT_EQ(bob->account.subject, "guests:bob");
}

TEST_F(BackendSetTest, TheFirstThatKnowsTheUserDecidesAndALaterNamesakeIsNotAsked) {
  EXPECT_EQ(refusal("alice", "another password"), BackendFault::wrong_password);
  EXPECT_EQ(namesakes_->passwords_checked, 0);
}

TEST_F(BackendSetTest, ADisabledAccountDecidesToo) {
  staff_->disabled = true;
  EXPECT_EQ(refusal("alice", "alice's password"), BackendFault::disabled);
  EXPECT_EQ(refusal("alice", "another password"), BackendFault::wrong_password);
  EXPECT_EQ(namesakes_->passwords_checked, 0);
}

TEST_F(BackendSetTest, ABackendThatIsAwayEndsTheSearch) {
  staff_->away = true;
  EXPECT_EQ(refusal("bob", "bob's password"), BackendFault::unavailable);
  EXPECT_EQ(guests_->passwords_checked, 0);
  const auto found = set_.find("bob");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error(), BackendFault::unavailable);
}

TEST_F(BackendSetTest, ABackendThatIsAwayDoesNotTroubleUsersOfEarlierOnes) {
  guests_->away = true;
  EXPECT_TRUE(set_.verify("alice", SecretString("alice's password")).ok());
}

TEST_F(BackendSetTest, ExactlyOnePasswordIsCheckedWhoeverAsks) {
  EXPECT_EQ(refusal("nobody", "whatever"), BackendFault::unknown_user);
  EXPECT_EQ(passwords_checked(), 1);
  EXPECT_EQ(refusal("alice", "wrong"), BackendFault::wrong_password);
  EXPECT_EQ(passwords_checked(), 2);
  EXPECT_EQ(refusal("bob", "wrong"), BackendFault::wrong_password);
  EXPECT_EQ(passwords_checked(), 3);
  EXPECT_TRUE(set_.verify("bob", SecretString("bob's password")).ok());
  EXPECT_EQ(passwords_checked(), 4);
}

TEST_F(BackendSetTest, FindingAUserChecksNoPassword) {
  const auto alice = set_.find("alice");
  ASSERT_TRUE(alice.ok());
  EXPECT_EQ(alice->backend, "staff");
  EXPECT_FALSE(set_.find("nobody").ok());
  EXPECT_EQ(passwords_checked(), 0);
}

TEST_F(BackendSetTest, ASubjectIsLookedUpOnlyInTheBackendItCameFrom) {
  EXPECT_TRUE(set_.find_subject("guests", "guests:bob").ok());
  const auto elsewhere = set_.find_subject("staff", "guests:bob");
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_EQ(elsewhere.error(), BackendFault::unknown_user);
  const auto gone = set_.find_subject("removed", "removed:bob");
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error(), BackendFault::unknown_user);
}

TEST_F(BackendSetTest, NewAccountsGoToTheFirstThatCanBeWritten) {
  EXPECT_EQ(set_.find_writable(), nullptr);
  guests_->writable = true;
  namesakes_->writable = true;
  EXPECT_EQ(set_.find_writable(), guests_.get());
}

TEST(EmptyBackendSet, KnowsNobody) {
  const BackendSet set{{}};
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.verify("alice", SecretString("x")).error(), BackendFault::unknown_user);
  EXPECT_EQ(set.find("alice").error(), BackendFault::unknown_user);
}

TEST_F(BackendSetTest, OneThatIsAwayLetsTheNextDecideOnlyWhenItsSectionSaysSo) {
  staff_->away = true;
  EXPECT_EQ(refusal("alice", "another password"), BackendFault::unavailable);
  EXPECT_EQ(namesakes_->passwords_checked, 0);

  staff_->asks_next = true;
  const auto alice = set_.verify("alice", SecretString("another password"));
  ASSERT_TRUE(alice.ok());
  EXPECT_EQ(alice->account.subject, "namesakes:alice");
  EXPECT_EQ(set_.find("alice")->backend, "namesakes");
  EXPECT_EQ(refusal("alice", "alice's password"), BackendFault::wrong_password);
}

TEST_F(BackendSetTest, AUserWhomNobodyKnowsIsNotUnknownWhileOneIsAway) {
  guests_->away = guests_->asks_next = true;
  EXPECT_EQ(refusal("carol", "password"), BackendFault::unavailable);
  EXPECT_EQ(set_.find("carol").error(), BackendFault::unavailable);
}

TEST_F(BackendSetTest, AUserWhoseSessionIsOfTheAbsentBackendIsNotLookedUpElsewhere) {
  staff_->away = staff_->asks_next = true;
  EXPECT_EQ(set_.find_subject("staff", "staff:alice").error(), BackendFault::unavailable);
}

}  // namespace
}  // namespace gw::auth
