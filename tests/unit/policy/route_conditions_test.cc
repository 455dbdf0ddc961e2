// SPDX-License-Identifier: Apache-2.0
// Query parameters and clients' addresses as conditions: which route wins, and which two contradict.
#include <gtest/gtest.h>

#include <algorithm>

#include "net/address.h"
#include "policy/client_networks.h"
#include "policy/route_table.h"

namespace gw::policy {
namespace {

Route route(const std::string& name, std::vector<std::pair<std::string, std::string>> query,
            const std::vector<std::string>& clients, std::vector<std::string> methods = {}) {
  Route made;
  made.name = name;
  made.path = "/a";
  made.query = std::move(query);
  made.methods = std::move(methods);
  for (const std::string& client : clients) made.clients.push_back(*net::parse_cidr(client));
  return made;
}

std::string match(const RouteTable& table, std::string_view query, std::string_view client,
                  std::string_view method = "GET") {
  const http::Fields fields;
  http::Target target;
  target.path = "/a";
  target.query = query;
  const auto found = table.match({"", target, method, fields, client});
  return found ? found->route->name : std::string(info_of(found.error().fault).code);
}

TEST(Conditions, TheNarrowestWinsInAnyOrder) {
  std::vector<Route> routes{
      route("any", {}, {}),
      route("inside", {}, {"10.0.0.0/8", "fd00::/8"}),
      route("office", {}, {"10.1.0.0/16"}),
      route("debug", {{"debug", "1"}}, {}),
      route("debug-office", {{"debug", "1"}}, {"10.1.0.0/16"}),
      route("two", {{"debug", "1"}, {"v", "2"}}, {}),
      route("get", {}, {}, {"GET"}),
  };
  std::sort(routes.begin(), routes.end(), [](const Route& a, const Route& b) { return a.name < b.name; });
  do {
    auto table = RouteTable::build(routes);
    ASSERT_TRUE(table);
    EXPECT_EQ(match(*table, "", "192.0.2.1", "POST"), "any");
    EXPECT_EQ(match(*table, "", "10.2.3.4", "POST"), "inside");
    EXPECT_EQ(match(*table, "", "fd00::1", "POST"), "inside");
    EXPECT_EQ(match(*table, "", "10.1.3.4", "POST"), "office");
    EXPECT_EQ(match(*table, "debug=1", "10.2.3.4", "POST"), "debug");
    EXPECT_EQ(match(*table, "debug=1", "10.1.3.4", "POST"), "debug-office");
    EXPECT_EQ(match(*table, "v=2&debug=1", "10.1.3.4", "POST"), "two");
    EXPECT_EQ(match(*table, "v=2&debug=1", "10.1.3.4"), "get");
    EXPECT_EQ(match(*table, "debug=1&debug=1", "", "POST"), "any");
    std::rotate(routes.begin(), routes.begin() + 1, routes.end());
  } while (routes.front().name != "any");
}

TEST(Conditions, ThatOverlapWithoutOneBeingNarrowerAreAnError) {
  const auto conflict = [](Route a, Route b) {
    std::vector<Route> routes;
    routes.push_back(std::move(a));
    routes.push_back(std::move(b));
    return !RouteTable::build(std::move(routes));
  };
  EXPECT_TRUE(conflict(route("a", {{"v", "1"}}, {}), route("b", {{"w", "1"}}, {})));
  EXPECT_FALSE(conflict(route("a", {{"v", "1"}}, {}), route("b", {{"v", "2"}}, {})));
  EXPECT_TRUE(conflict(route("a", {}, {"10.0.0.0/8", "192.168.0.0/16"}),
                       route("b", {}, {"10.1.0.0/16", "172.16.0.0/12"})));
  EXPECT_FALSE(conflict(route("a", {}, {"10.0.0.0/8"}), route("b", {}, {"192.168.0.0/16"})));
  EXPECT_FALSE(conflict(route("a", {}, {"10.0.0.0/8"}), route("b", {}, {"10.0.0.0/9"})));
  EXPECT_TRUE(
      conflict(route("a", {}, {"10.0.0.0/8"}), route("b", {}, {"10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/8"})));
}

TEST(Conditions, WithoutMatchGiveNoHintOfMethods) {
  auto table = RouteTable::build({route("inside", {}, {"10.0.0.0/8"}, {"DELETE"})});
  ASSERT_TRUE(table);
  EXPECT_EQ(match(*table, "", "192.0.2.1"), "no_route");
  EXPECT_EQ(match(*table, "", "10.0.0.1"), "method_not_allowed");
}

TEST(Networks, AreWrittenAsTheyAreRead) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "fd00::/8", "::/0", "::1/128"})
    EXPECT_EQ(format_network(*net::parse_cidr(text)), text);
}

}  // namespace
}  // namespace gw::policy
