// SPDX-License-Identifier: Apache-2.0
#include "auth/key_demand.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gw::auth {
namespace {

class KeyDemandTest : public ::testing::Test {
 protected:
  KeyDemandTest() { loop_.refresh_clock(); }
  // True when there was something to wait for.
  bool wait(std::string_view kid, const std::string& issuer = "corp") {
    auto operation = demand_.wait(issuer, kid, [this] { ++woken_; });
    const bool waits = operation.has_value();
    if (waits) operations_.push_back(std::move(*operation));
    return waits;
  }

  net::EventLoop loop_;
  net::Deadlines deadlines_{loop_};
  std::vector<std::string> asked_;
  KeyDemand demand_{loop_,
                    deadlines_,
                    [this](const std::string& issuer) { asked_.push_back(issuer); },
                    {.waiting = 3, .patience = 60ms, .first_pause = 10min, .longest_pause = 15min}};
  int woken_ = 0;
  std::vector<net::Operation> operations_;
};

TEST_F(KeyDemandTest, AsksOnceForAllThatWait) {
  EXPECT_TRUE(wait("a"));
  EXPECT_TRUE(wait("b"));
  EXPECT_EQ(asked_.size(), 1u);
  demand_.on_answer("corp", loop_.now());
  EXPECT_EQ(woken_, 2);
}

TEST_F(KeyDemandTest, LetsNobodyWaitUntilItMayBeAskedAgain) {
  EXPECT_TRUE(wait("a"));
  demand_.on_answer("corp", loop_.now() + 5s);
  EXPECT_FALSE(wait("b"));
  EXPECT_TRUE(wait("b", "another"));
  demand_.on_answer("corp", loop_.now());
  EXPECT_TRUE(wait("b"));
  EXPECT_EQ(asked_, (std::vector<std::string>{"corp", "another", "corp"}));
}

TEST_F(KeyDemandTest, RemembersANameThatWasNotFound) {
  demand_.note_unknown("corp", "a");
  EXPECT_FALSE(wait("a"));
  EXPECT_TRUE(wait("b"));
  EXPECT_TRUE(wait("a", "another"));
}

TEST_F(KeyDemandTest, LetsABoundedNumberWait) {
  for (const char* kid : {"a", "b", "c"}) EXPECT_TRUE(wait(kid));
  EXPECT_FALSE(wait("d"));
  operations_.clear();  // a client that leaves gives no place back before the answer
  EXPECT_FALSE(wait("e"));
  demand_.on_answer("corp", loop_.now());
  EXPECT_EQ(woken_, 0);
  EXPECT_TRUE(wait("f"));
}

TEST_F(KeyDemandTest, WaitsNoLongerThanItsPatience) {
  ASSERT_TRUE(wait("a"));
  struct Stop final : net::Deadline {
    explicit Stop(net::EventLoop& loop) : loop_(loop) {}
    void on_deadline() override { loop_.stop(); }
    net::EventLoop& loop_;
  } stop(loop_);
  deadlines_.set_in(stop, 300ms);
  loop_.run();
  EXPECT_EQ(woken_, 1);
  demand_.on_answer("corp", loop_.now());  // late: nobody waits any more
  EXPECT_EQ(woken_, 1);
}

TEST_F(KeyDemandTest, ForgetsWhoHasLeft) {
  ASSERT_TRUE(wait("a"));
  ASSERT_TRUE(wait("b"));
  operations_.erase(operations_.begin());
  demand_.on_answer("corp", loop_.now());
  EXPECT_EQ(woken_, 1);
}

}  // namespace
}  // namespace gw::auth
