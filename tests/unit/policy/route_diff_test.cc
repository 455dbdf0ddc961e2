// SPDX-License-Identifier: Apache-2.0
#include "policy/route_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "policy/query_parameter.h"
#include "policy/when.h"

namespace gw::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Route route(const std::string& path, const std::string& upstream = "up") {
  Route made;
  made.name = made.path = path;
  made.upstream = upstream;
  made.place = {"gatewarden.yaml", 1, 1};
  return made;
}

Route with(Route made, void (*change)(Route&)) {
  change(made);
  return made;
}

Route open(Route made) {
  return with(std::move(made), [](Route& r) { r.auth = Auth::none; });
}

RouteDiff diff(std::vector<Route> before, std::vector<Route> after) {
  auto old_table = RouteTable::build(std::move(before));
  auto new_table = RouteTable::build(std::move(after));
  EXPECT_TRUE(old_table && new_table);
  return compare(*old_table, *new_table);
}

std::vector<std::string> widenings(std::vector<Route> before, std::vector<Route> after) {
  std::vector<std::string> all;
  for (const Widening& each : diff(std::move(before), std::move(after)).widenings) all.push_back(each.what);
  return all;
}

TEST(RouteDiff, SaysNothingOfTheSameRoutesInAnotherOrder) {
  const RouteDiff same = diff({route("/a"), route("/b/**")}, {route("/b/**"), route("/a")});
  EXPECT_THAT(same.changes, IsEmpty());
  EXPECT_THAT(same.widenings, IsEmpty());
}

TEST(RouteDiff, TellsWhatChangedKeyByKey) {
  const auto loose = [](Route& r) {
    r.require.roles = {"admin", "clerk"};
    r.response_timeout = 5s;
  };
  const auto strict = [](Route& r) { r.require.roles = {"admin"}; };
  const RouteDiff changed =
      diff({with(route("/a"), strict), route("/gone")}, {with(route("/a"), loose), route("/new")});
  EXPECT_THAT(changed.changes,
              testing::UnorderedElementsAre(
                  "changed /a: require.roles: [admin] -> [admin, clerk], response_timeout: nothing -> 5000ms",
                  "removed /gone", "added /new"));
}

TEST(Widenings, AreFewerDemandsOfTheSameRoute) {
  std::vector<std::pair<void (*)(Route&), void (*)(Route&)>> loosened{
      {[](Route&) {}, [](Route& r) { r.auth = Auth::none; }},
      {[](Route&) {}, [](Route& r) { r.auth = Auth::optional; }},
      {[](Route&) {}, [](Route& r) { r.enforce = false; }},
      {[](Route&) {}, [](Route& r) { r.upstream = "other"; }},
      {[](Route&) {}, [](Route& r) { r.rewrite.add_prefix = "/admin"; }},
      {[](Route& r) { r.max_revocation_lag = 1s; }, [](Route&) {}},
      {[](Route& r) { r.max_revocation_lag = 1s; }, [](Route& r) { r.max_revocation_lag = 2s; }},
      {[](Route&) {}, [](Route& r) { r.serves_on_failure = true; }},
      {[](Route& r) { r.serves_on_failure = false; }, [](Route&) {}},
      {[](Route& r) { r.issuers = {"corp"}; }, [](Route&) {}},
      {[](Route& r) { r.issuers = {"corp"}; },
       [](Route& r) {
         r.issuers = {"corp", "self"};
       }},
      {[](Route& r) {
         r.require.scopes = {"a", "b"};
       },
       [](Route& r) { r.require.scopes = {"b"}; }},
      {[](Route& r) { r.require.scopes = {"a:b"}; },
       [](Route& r) {
         r.require.scopes = {"a:b"};
         r.require.hierarchic_scopes = true;
       }},
      {[](Route& r) { r.require.roles = {"a"}; },
       [](Route& r) {
         r.require.roles = {"a", "b"};
       }},
      {[](Route& r) { r.require.roles = {"a"}; }, [](Route&) {}},
      {[](Route& r) {
         r.require.claims = {{"tenant", "acme"}};
       },
       [](Route& r) {
         r.require.claims = {{"tenant", "x"}};
       }},
      {[](Route& r) { r.auth = Auth::optional; },
       [](Route& r) {
         r.auth = Auth::optional;
         r.anonymous = json::Value(json::Object{{"sub", "guest"}});
       }},
  };
  // What is demanded of the token's binding, of the client's certificate, and by an expression.
  const auto conditional = [](Route& r) { r.require.when = *When::parse("claims.sub == 'a'", {}); };
  const auto otherwise = [](Route& r) { r.require.when = *When::parse("claims.sub != 'a'", {}); };
  const auto bound = [](Route& r) { r.require.bound = {Binding::dpop}; };
  const auto certified = [](Route& r) { r.require.client_certificate = CertificateRule{{"CN=a"}, {}}; };
  const auto certified_more = [](Route& r) {
    r.require.client_certificate = CertificateRule{{"CN=a", "CN=b"}, {}};
  };
  const auto bound_either_way = [](Route& r) { r.require.bound = {Binding::dpop, Binding::mtls}; };
  const auto bound_otherwise = [](Route& r) { r.require.bound = {Binding::mtls}; };
  for (const auto change : {+conditional, +bound, +certified}) {
    loosened.emplace_back(change, [](Route&) {});
    EXPECT_THAT(widenings({route("/a")}, {with(route("/a"), change)}), IsEmpty());
  }
  loosened.emplace_back(conditional, otherwise);
  loosened.emplace_back(certified, certified_more);
  loosened.emplace_back(bound, bound_either_way);
  loosened.emplace_back(bound, bound_otherwise);
  for (std::size_t i = 0; i < loosened.size(); ++i) {
    const Route before = with(route("/a/{x}"), loosened[i].first),
                after = with(route("/a/{x}"), loosened[i].second);
    EXPECT_EQ(widenings({before}, {after}).size(), 1u) << i;
  }
}

TEST(Widenings, AreNotMoreDemands) {
  const auto strict = [](Route& r) {
    r.issuers = {"corp"};
    r.require.scopes = {"a"};
    r.require.roles = {"admin"};
  };
  EXPECT_THAT(widenings({route("/a")}, {with(route("/a"), strict)}), IsEmpty());
  EXPECT_THAT(widenings({open(route("/a"))}, {route("/a")}), IsEmpty());
  EXPECT_THAT(widenings({route("/a/**"), route("/b")}, {route("/a/**")}), IsEmpty());
  EXPECT_THAT(widenings({open(route("/**"))}, {open(route("/**")), with(route("/admin/**"), strict)}),
              IsEmpty());
}

TEST(Widenings, AreNewRoutesWhereNothingWasServed) {
  EXPECT_THAT(widenings({route("/a")}, {route("/a"), route("/b")}),
              ElementsAre(HasSubstr("the route /b reaches the upstream up, where nothing was served")));
  EXPECT_THAT(widenings({route("/**")}, {route("/**"), route("/b")}), IsEmpty());
  const auto fixed = [](Route& r) { r.upstream.clear(), r.respond = FixedResponse(); };
  EXPECT_THAT(widenings({route("/a")}, {route("/a"), with(open(route("/b")), fixed)}), IsEmpty());
}

TEST(Widenings, ShowWhenAStricterRouteIsTakenOut) {
  const auto strict = [](Route& r) { r.require.roles = {"admin"}; };
  EXPECT_THAT(
      widenings({open(route("/**")), with(route("/admin/**"), strict)}, {open(route("/**"))}),
      ElementsAre(HasSubstr("the route /** asks for no token (as for GET gw-witness.invalid/admin)")));
}

// The route that was taken out met only part of another one's requests.
TEST(Widenings, ShowWhereTwoRoutesMeet) {
  const auto at_host = [](Route& r) { r.host = "api.example.com", r.require.roles = {"admin"}; };
  const auto found = widenings({with(route("/**"), at_host), open(route("/admin/{x}")), route("/**")},
                               {open(route("/admin/{x}")), route("/**")});
  EXPECT_THAT(
      found, testing::Contains(HasSubstr("/admin/{x} asks for no token (as for GET api.example.com/admin/")));
}

TEST(Widenings, ShowConditionsThatAreNoLongerAsked) {
  const auto inside = [](Route& r) {
    r.clients = {net::Cidr{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10}, 104}};
  };
  EXPECT_EQ(widenings({with(route("/a"), inside)}, {route("/a")}).size(), 1u);
  EXPECT_THAT(widenings({route("/a")}, {with(route("/a"), inside)}), IsEmpty());
  const auto with_query = [](Route& r) { r.query = {{"debug", "a b&c"}}; };
  EXPECT_EQ(widenings({with(route("/a"), with_query)}, {route("/a")}).size(), 1u);
  EXPECT_THAT(widenings({route("/a")}, {with(open(route("/a")), with_query), route("/a")}),
              ElementsAre(HasSubstr("/a?debug=a%20b%26c")));
}

TEST(Widenings, AreFoundAmongTenThousandRoutesInTime) {
  std::vector<Route> before, after;
  for (int i = 0; i < 10'000; ++i) {
    before.push_back(route("/service" + std::to_string(i) + "/{id}/**"));
    after.push_back(i == 7777 ? open(before.back()) : before.back());
    after.back().max_body = 1;  // every route changes
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(widenings(std::move(before), std::move(after)), ElementsAre(HasSubstr("/service7777/")));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 60s);  // without an index it would take hours
}

TEST(QueryParameters, AreComparedDecodedAndOnce) {
  EXPECT_TRUE(query_says("v=1", "v", "1"));
  EXPECT_TRUE(query_says("a=b&v=%31&c", "v", "1"));
  EXPECT_TRUE(query_says("%76=a+b%26", "v", "a b&"));
  EXPECT_TRUE(query_says("v", "v", "") && query_says("v=", "v", ""));
  for (const std::string_view query :
       {"", "v=2", "v=11", "v=", "v=1&v=1", "v=1&%76=2", "V=1", "vv=1", "=1", "x=v=1"})
    EXPECT_FALSE(query_says(query, "v", "1")) << query;
  EXPECT_TRUE(query_says("v=%zz%4", "v", "%zz%4"));
  EXPECT_TRUE(query_says(encode_query("v\xC3\xA4") + "=" + encode_query("=&+%"), "v\xC3\xA4", "=&+%"));
}

}  // namespace
}  // namespace gw::policy
