// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>
#include <string_view>

namespace gw::net {
namespace {

using namespace std::string_view_literals;

TEST(Address, ReadsLiteralsOfBothFamilies) {
  const struct {
    std::string_view literal;
    int family;
    std::string ip;
  } rows[] = {
      {"127.0.0.1", AF_INET, "127.0.0.1"},
      {"0.0.0.0", AF_INET, "0.0.0.0"},
      {"255.255.255.255", AF_INET, "255.255.255.255"},
      {"::1", AF_INET6, "::1"},
      {"::", AF_INET6, "::"},
      {"2001:DB8:0:0::1", AF_INET6, "2001:db8::1"},
      {"::ffff:192.0.2.1", AF_INET6, "192.0.2.1"},
  };
  for (const auto& row : rows) {
    const auto address = Address::parse(row.literal, 8443);
    ASSERT_TRUE(address) << row.literal;
    EXPECT_EQ(address->family(), row.family) << row.literal;
    EXPECT_EQ(address->ip(), row.ip);
    EXPECT_EQ(address->port(), 8443);
  }
}

TEST(Address, RefusesWhatIsNoLiteral) {
  for (const std::string_view text :
       {""sv, "localhost"sv, "127.1"sv, "127.0.0.1.2"sv, "256.0.0.1"sv, "0127.0.0.1"sv, " 127.0.0.1"sv,
        "127.0.0.1 "sv, "[::1]"sv, "::1%lo"sv, ":::"sv, "12345::"sv, "1.2.3.4:80"sv, "127.0.0.1\0"sv,
        "127.0.0.1\0.evil"sv})
    EXPECT_FALSE(Address::parse(text, 1)) << text;
}

TEST(Address, OfAUnixSocketHasNeitherAddressNorPort) {
  const auto address = Address::unix_path("/run/gatewarden.sock");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->family(), AF_UNIX);
  EXPECT_EQ(address->ip(), "unix:");
  EXPECT_EQ(address->port(), 0);
  EXPECT_FALSE(address->is_in(*parse_cidr("::/0")));
  EXPECT_FALSE(Address::unix_path(""));
  EXPECT_FALSE(Address::unix_path(std::string(108, 'x')));
  EXPECT_TRUE(Address::unix_path(std::string(107, 'x')));
}

TEST(Cidr, RefusesWhatIsNoNetwork) {
  for (const std::string_view text :
       {""sv, "/8"sv, "10.0.0.0/"sv, "10.0.0.0/33"sv, "10.0.0.0/-1"sv, "10.0.0.0/8 "sv, "10.0.0.0/8/8"sv,
        "10.0.0.1/8"sv, "10.0.0.0/x"sv, "::1/64"sv, "2001:db8::/129"sv, "example.com/8"sv,
        "10.0.0.0/99999999999"sv})
    EXPECT_FALSE(parse_cidr(text)) << text;
}

TEST(Cidr, HoldsItsAddressesAndNoOthers) {
  const struct {
    std::string_view network, address;
    bool inside;
  } rows[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.0.0.0/8", "::10.1.2.3", false},
      {"192.168.4.0/22", "192.168.7.255", true},
      {"192.168.4.0/22", "192.168.8.0", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "127.0.0.2", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "::1", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::1", "::1", true},
      {"::1", "::2", false},
      {"::ffff:10.0.0.0/104", "10.9.9.9", true},
  };
  for (const auto& row : rows) {
    const auto network = parse_cidr(row.network);
    ASSERT_TRUE(network) << row.network;
    EXPECT_EQ(Address::parse(row.address, 0)->is_in(*network), row.inside)
        << row.network << " " << row.address;
  }
}

}  // namespace
}  // namespace gw::net
