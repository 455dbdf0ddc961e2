// SPDX-License-Identifier: Apache-2.0
#include "server/resting_connections.h"

#include <gtest/gtest.h>

#include <deque>

namespace gw::server {
namespace {

struct Connection final : RestingConnections::Member {
  void give_up_codec() override { ++given_up; }
  int given_up = 0;
};

constexpr std::size_t kFew = RestingConnections::kWithCodec;

class RestingConnectionsTest : public testing::Test {
 protected:
  void add(std::size_t count) {
    while (count-- > 0) resting_.add(all_.emplace_back());
  }
  int given_up() const {
    int sum = 0;
    for (const Connection& one : all_) sum += one.given_up;
    return sum;
  }
  RestingConnections resting_;
  std::deque<Connection> all_;
};

TEST_F(RestingConnectionsTest, LetsTheLatestKeepTheirCodecs) {
  add(kFew);
  EXPECT_EQ(given_up(), 0);
  add(2);
  EXPECT_EQ(given_up(), 2);
  EXPECT_EQ(all_[0].given_up + all_[1].given_up, 2);
}

TEST_F(RestingConnectionsTest, CountsWhoComesAgainAsNewAndNotTwice) {
  add(kFew);
  resting_.add(all_[0]);
  EXPECT_EQ(given_up(), 0);
  add(1);
  EXPECT_EQ(all_[1].given_up, 1) << "the one that has waited for longest";
  EXPECT_EQ(given_up(), 1);
}

TEST_F(RestingConnectionsTest, ForgetsWhoGoes) {
  add(kFew);
  for (const std::size_t gone : {std::size_t{0}, kFew / 2, kFew - 1}) resting_.remove(all_[gone]);
  resting_.remove(all_[0]);
  Connection stranger;
  resting_.remove(stranger);
  add(3);
  EXPECT_EQ(given_up(), 0);
  add(1);
  EXPECT_EQ(all_[1].given_up, 1);
  for (Connection& one : all_) resting_.remove(one);
  add(kFew);
  EXPECT_EQ(given_up(), 1);
}

}  // namespace
}  // namespace gw::server
