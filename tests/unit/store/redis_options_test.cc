// SPDX-License-Identifier: Apache-2.0
#include "store/redis_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::store {
namespace {

RedisAddress parsed(std::string_view url) {
  auto address = parse_redis_url(url);
  EXPECT_TRUE(address) << url << ": " << address.error();
  return address ? *address : RedisAddress();
}

TEST(RedisUrl, TellsHostPortUserPasswordAndDatabase) {
  const RedisAddress all = parsed("rediss://gate%40way:s%3Aecret@redis.internal:6380/3");
  EXPECT_TRUE(all.tls);
  EXPECT_EQ(all.host, "redis.internal");
  EXPECT_EQ(all.port, 6380);
  EXPECT_EQ(all.user, "gate@way");
  EXPECT_EQ(all.password.reveal(), "s:ecret");
  EXPECT_EQ(all.db, 3u);
  const RedisAddress least = parsed("redis://localhost");
  EXPECT_FALSE(least.tls);
  EXPECT_EQ(least.port, 6379);
  EXPECT_TRUE(least.password.empty());
  EXPECT_EQ(parsed("redis://[::1]:7000/").host, "::1");
  EXPECT_EQ(parsed("redis://:pw@10.0.0.1").password.reveal(), "pw");
}

TEST(RedisUrl, TakesASocket) {
  const RedisAddress socket = parsed("unix:///run/redis/a@b.sock?db=2");
  EXPECT_EQ(socket.host, "/run/redis/a@b.sock");
  EXPECT_EQ(socket.db, 2u);
  EXPECT_EQ(parsed("unix://user:pw@/run/redis.sock").user, "user");
}

TEST(RedisUrl, NamesSentinelsAndTheirMasterOrNodesOfACluster) {
  const RedisAddress watched = parsed("redis+sentinel://user:pw@one,[::1]:7001,three:7002/main/2");
  EXPECT_EQ(watched.sentinels, (std::vector<HostPort>{{"one", 26379}, {"::1", 7001}, {"three", 7002}}));
  EXPECT_EQ(watched.master, "main");
  EXPECT_EQ(watched.db, 2u);
  EXPECT_EQ(watched.user, "user");
  const RedisAddress cluster = parsed("redis+cluster://:pw@one,two:7000");
  EXPECT_EQ(cluster.nodes, (std::vector<HostPort>{{"one", 6379}, {"two", 7000}}));
}

TEST(RedisUrl, RefusesWhatIsOddAndTellsNoPassword) {
  for (const char* url : {"redis://",
                          "redis://:6379",
                          "redis://host:0",
                          "redis://host:70000",
                          "redis://host:1x",
                          "redis://host/x",
                          "redis://host/-1",
                          "redis://host/0?x=1",
                          "redis://user:@host",
                          "redis://user:%zz@host",
                          "redis://ho st",
                          "redis://host#1",
                          "redis://ho/st/1",
                          "unix://run/x",
                          "unix://",
                          "unix:///x?db=",
                          "unix:///x?y=1",
                          "redis://[::1",
                          "redis+sentinel://one,two",
                          "redis+sentinel://one,/main",
                          "redis+sentinel:///main",
                          "redis+cluster://one,",
                          "redis+cluster://one/1",
                          "redis+other://one",
                          "redis://[host]",
                          "redis://::1"})
    EXPECT_FALSE(parse_redis_url(url)) << url;
  const auto bad = parse_redis_url("redis://user:hunter2@host:bad");
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error(), testing::Not(testing::HasSubstr("hunter2")));
}

}  // namespace
}  // namespace gw::store
