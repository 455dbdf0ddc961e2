// SPDX-License-Identifier: Apache-2.0
#include "config/addresses.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gw::config {
namespace {

TEST(ListenAddresses, AreSplitIntoHostAndPort) {
  const auto v4 = parse_listen_address("0.0.0.0:8443");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "0.0.0.0");
  EXPECT_EQ(v4->port, 8443);
  EXPECT_EQ(v4->text, "0.0.0.0:8443");

  const auto v6 = parse_listen_address("[::1]:0");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 0);

  const auto local = parse_listen_address("unix:/run/gatewarden.sock");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->unix_path, "/run/gatewarden.sock");
  EXPECT_EQ(local->host, "");
}

TEST(ListenAddresses, HaveRoomForSocketPathsOf107Bytes) {
  EXPECT_TRUE(parse_listen_address("unix:/" + std::string(106, 'a')));
  EXPECT_FALSE(parse_listen_address("unix:/" + std::string(107, 'a')));
}

TEST(Networks, OfIPv4AreHeldMapped) {
  const auto network = parse_cidr("10.0.0.0/8");
  ASSERT_TRUE(network);
  const std::uint8_t expected[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 0};
  EXPECT_TRUE(std::equal(expected, expected + 16, network->address));
  EXPECT_EQ(network->bits, 104u);
  EXPECT_EQ(parse_cidr("192.168.1.1")->bits, 128u);
  EXPECT_EQ(parse_cidr("0.0.0.0/0")->bits, 96u);
}

TEST(Networks, OfIPv6KeepTheirBits) {
  const auto network = parse_cidr("fd00::/8");
  ASSERT_TRUE(network);
  EXPECT_EQ(network->address[0], 0xFD);
  EXPECT_EQ(network->bits, 8u);
  EXPECT_TRUE(parse_cidr("::/0"));
  EXPECT_FALSE(parse_cidr("fd00::1/127"));
}

TEST(ServerUrls, HaveTheDefaultPortOfTheirScheme) {
  const auto plain = parse_server_url("http://backend");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->port, 80);

  const auto secure = parse_server_url("https://10.0.0.7");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->port, 443);
}

TEST(ServerUrls, KeepAddressesWithoutBrackets) {
  const auto url = parse_server_url("https://[2001:db8::1]:8443/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "2001:db8::1");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->text, "https://[2001:db8::1]:8443/");
}

TEST(HostNames, AreNamesOrWholeAddresses) {
  for (const char* good : {"localhost", "a.example.com", "my_service", "10.0.0.1", "xn--bcher-kva.example"})
    EXPECT_TRUE(is_host_name(good)) << good;
  for (const char* bad :
       {"", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "10.0.0", "10.0.0.256", "b\xC3\xBC"})
    EXPECT_FALSE(is_host_name(bad)) << bad;
  EXPECT_FALSE(is_host_name(std::string(64, 'a')));
}

TEST(PathPrefixes, AreInNormalForm) {
  for (const char* good : {"/a", "/a/b", "/a%20b"}) EXPECT_TRUE(is_path_prefix(good)) << good;
  for (const char* bad : {"", "/", "a", "/a/", "//a", "/a/../b", "/a?b", "/a;b", "/%61", "/a b", "/a%2fb"})
    EXPECT_FALSE(is_path_prefix(bad)) << bad;
}

}  // namespace
}  // namespace gw::config
