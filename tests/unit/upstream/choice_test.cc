// SPDX-License-Identifier: Apache-2.0
// Which server gets a request: keys, ejections, health.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/loop_thread.h"
#include "upstream/cluster.h"
#include "upstream/hash.h"
#include "upstream/profile.h"

namespace gw::upstream {
namespace {

using test::LoopThread;

class ChoiceTest : public ::testing::Test {
 protected:
  ChoiceTest() {
    thread_.run([&] {
      deadlines_.emplace(thread_.loop());
      dialer_.emplace(thread_.loop(), *deadlines_);
      buffers_.emplace();
    });
  }
  ~ChoiceTest() override {
    thread_.run([&] { cluster_.reset(); });
    thread_.run([&] {
      dialer_.reset();
      deadlines_.reset();
      buffers_.reset();
    });
  }

  // Servers of these weights; their ports are 1, 2, ...
  void make(const std::vector<unsigned>& weights, Balance balance,
            std::optional<OutlierOptions> outlier = {}) {
    auto spec = std::make_shared<ClusterSpec>();
    spec->options.balance = balance;
    spec->options.outlier = outlier;
    std::uint16_t port = 0;
    for (const unsigned weight : weights) {
      ++port;
      spec->options.servers.push_back(
          {false, "127.0.0.1", port, weight, "http://127.0.0.1:" + std::to_string(port)});
    }
    spec->health = std::make_shared<HealthBoard>(weights.size());
    board_ = spec->health;
    thread_.run([&] {
      cluster_ = make_local<Cluster>(
          spec, ClusterWorker{thread_.loop(), *deadlines_, *dialer_, *buffers_, scratch_, limits_});
    });
  }
  // 0: none.
  unsigned pick(std::optional<std::uint64_t> key = {}, unsigned avoid = 0) {
    const Server* server = cluster_->pick(avoid != 0 ? &cluster_->server(avoid - 1) : nullptr, key);
    return server != nullptr ? server->url().port : 0;
  }
  void fail(unsigned port, int times) {
    for (int i = 0; i < times; ++i) const_cast<Server&>(cluster_->server(port - 1)).note_failure();
  }
  std::map<unsigned, int> spread(int picks) {
    std::map<unsigned, int> counts;
    for (int i = 0; i < picks; ++i) ++counts[pick()];
    return counts;
  }

  LoopThread thread_;
  std::optional<net::Deadlines> deadlines_;
  std::optional<net::Dialer> dialer_;
  std::optional<net::BufferPool> buffers_;
  std::vector<char> scratch_ = std::vector<char>(1024);
  http::Limits limits_;
  std::shared_ptr<HealthBoard> board_;
  LocalRef<Cluster> cluster_;
};

std::uint64_t key(int i) {
  return hash_text("user-" + std::to_string(i));
}

TEST_F(ChoiceTest, AKeyStaysWithItsServerAndWeightsAreKept) {
  make({1, 1, 2}, Balance::hash);
  std::map<unsigned, int> counts;
  for (int i = 0; i < 8000; ++i) {
    const unsigned port = pick(key(i));
    ++counts[port];
    EXPECT_EQ(pick(key(i)), port);
  }
  EXPECT_NEAR(counts[1], 2000, 200);
  EXPECT_NEAR(counts[2], 2000, 200);
  EXPECT_NEAR(counts[3], 4000, 300);
}

TEST_F(ChoiceTest, OnlyTheKeysOfAServerThatGoesMove) {
  make({1, 1, 1}, Balance::hash);
  std::vector<unsigned> before;
  for (int i = 0; i < 3000; ++i) before.push_back(pick(key(i)));
  board_->set_down(1, true);
  std::map<unsigned, int> moved_to;
  for (int i = 0; i < 3000; ++i) {
    const unsigned now = pick(key(i));
    if (before[static_cast<std::size_t>(i)] != 2)
      EXPECT_EQ(now, before[static_cast<std::size_t>(i)]);
    else
      ++moved_to[now];
  }
  EXPECT_NEAR(moved_to[1], moved_to[3], 150) << "shared by the others";
  board_->set_down(1, false);
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(pick(key(i)), before[static_cast<std::size_t>(i)]) << "and back";
}

TEST_F(ChoiceTest, RequestsWithoutAKeyTakeTurns) {
  make({1, 1}, Balance::hash);
  EXPECT_THAT(spread(10), ::testing::ElementsAre(std::pair(1u, 5), std::pair(2u, 5)));
}

TEST_F(ChoiceTest, ARetryGoesToAnotherServer) {
  make({1, 1, 1}, Balance::hash);
  for (int i = 0; i < 100; ++i) {
    const unsigned first = pick(key(i));
    EXPECT_NE(pick(key(i), first), first);
  }
}

TEST_F(ChoiceTest, FailuresOneAfterTheOtherEject) {
  make({1, 1}, Balance::round_robin, OutlierOptions{3, 1h});
  thread_.run([&] {
    fail(1, 2);
    const_cast<Server&>(cluster_->server(0)).note_success();
    fail(1, 2);
    EXPECT_THAT(spread(10), ::testing::ElementsAre(std::pair(1u, 5), std::pair(2u, 5)));
    fail(1, 1);
    EXPECT_THAT(spread(10), ::testing::ElementsAre(std::pair(2u, 10)));
    EXPECT_TRUE(cluster_->is_ejected(0));
    EXPECT_EQ(cluster_->server(0).outlier().ejections(), 1u);
  });
}

TEST_F(ChoiceTest, EjectionNeverTakesTheLastServer) {
  make({1, 1}, Balance::round_robin, OutlierOptions{1, 1h});
  thread_.run([&] {
    fail(1, 1);
    EXPECT_EQ(pick({}, 2), 1u) << "an ejected server is better than the one that just failed";
    fail(2, 1);
    EXPECT_THAT(spread(10), ::testing::ElementsAre(std::pair(1u, 5), std::pair(2u, 5)));
  });
  make({1}, Balance::round_robin, OutlierOptions{1, 1h});
  thread_.run([&] {
    fail(1, 3);
    EXPECT_EQ(pick(), 1u);
  });
}

TEST(Outlier, IsTriedAgainAndOneMoreFailureEndsTheTrial) {
  const OutlierOptions options{3, 10s};
  Outlier outlier(&options);
  TimePoint now{1h};
  EXPECT_FALSE(outlier.fail(now));
  EXPECT_FALSE(outlier.fail(now));
  EXPECT_TRUE(outlier.fail(now));
  EXPECT_TRUE(outlier.is_ejected(now + 9s));
  EXPECT_FALSE(outlier.fail(now + 1s)) << "one that began before";
  now += 10s;
  EXPECT_FALSE(outlier.is_ejected(now));
  EXPECT_TRUE(outlier.fail(now));
  now += 10s;
  outlier.succeed();
  EXPECT_FALSE(outlier.fail(now));
  EXPECT_EQ(outlier.ejections(), 2u);
}

TEST(Outlier, WithoutOptionsEjectsNobody) {
  Outlier outlier(nullptr);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(outlier.fail(TimePoint{1h}));
}

TEST_F(ChoiceTest, HealthChecksMayTakeOutAll) {
  for (const Balance balance : {Balance::round_robin, Balance::least_requests, Balance::hash}) {
    make({1, 1}, balance);
    board_->set_down(0, true);
    EXPECT_EQ(pick(key(1)), 2u);
    EXPECT_EQ(pick(key(1), 2), 2u) << "the only one that is up";
    board_->set_down(1, true);
    EXPECT_EQ(pick(key(1)), 0u);
    board_->set_down(0, false);
    EXPECT_EQ(pick(key(1)), 1u);
  }
}

TEST(Profile, RefusesWhatTheServerWouldReadDifferently) {
  const struct {
    Profile profile;
    const char* path;
    bool refused;
  } rows[] = {
      {Profile::tomcat, "/a", false},
      {Profile::tomcat, "/a;x=y/b", true},
      {Profile::tomcat, "/a;/b", true},
      {Profile::tomcat, "/a%3bx/b", true},
      {Profile::tomcat, "/a%3B", true},
      {Profile::tomcat, "/a;jsessionid=0A1B.node-1", false},
      {Profile::tomcat, "/a;JSESSIONID=0A1B", false},
      {Profile::tomcat, "/a;jsessionid=", true},
      {Profile::tomcat, "/a;jsessionid=1/b", true},
      {Profile::tomcat, "/a;jsessionid=1;x=y", true},
      {Profile::generic, "/a;x=y/b", false},
      {Profile::node, "/a;x=y", false},
      {Profile::iis, "/a;x", true},
      {Profile::iis, "/admin.", true},
      {Profile::iis, "/admin%20", true},
      {Profile::iis, "/admin./x", true},
      {Profile::iis, "/admin::$DATA", true},
      {Profile::iis, "/admin%3a%3a$DATA", true},
      {Profile::iis, "/ADMINI~1/x", true},
      {Profile::iis, "/a~b/index.aspx", false},
      {Profile::iis, "/", false},
      {Profile::php, "/admin.", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(find_path_trouble(rules_of(row.profile), row.path) != nullptr, row.refused) << row.path;
}

TEST(Profile, KnowsFieldsThatFoldIntoOthers) {
  for (const char* name : {"X_Auth_Subject", "Content_Length", "x.auth.subject", "X+A"})
    for (const Profile profile : {Profile::php, Profile::wsgi, Profile::iis})
      EXPECT_TRUE(is_ambiguous_field(rules_of(profile), name)) << name;
  EXPECT_FALSE(is_ambiguous_field(rules_of(Profile::php), "X-Auth-Subject"));
  EXPECT_FALSE(is_ambiguous_field(rules_of(Profile::tomcat), "X_A"));
}

TEST(Profile, FoldsPathsToOneCaseWithoutAFinalSlash) {
  EXPECT_EQ(fold_path("/Admin/Users/"), "/admin/users");
  EXPECT_EQ(fold_path("/"), "/");
  EXPECT_EQ(fold_path("/A/{Id}/**"), "/a/{id}/**");
}

}  // namespace
}  // namespace gw::upstream
