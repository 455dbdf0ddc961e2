// SPDX-License-Identifier: Apache-2.0
#include "policy/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/routes.h"

namespace gw::policy {
namespace {

using test::make_routes;
using test::make_table;
using test::match;
using test::RouteSpec;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<std::string> issues_of(const std::vector<RouteSpec>& specs) {
  const auto table = RouteTable::build(make_routes(specs));
  std::vector<std::string> issues;
  if (table) return issues;
  for (const RouteIssue& issue : table.error())
    issues.push_back(std::to_string(issue.place.line) + ": " + issue.what);
  return issues;
}

// The same answers whatever the order in which the routes are written down.
void expect_in_any_order(std::vector<RouteSpec> specs, const test::RequestSpec& request,
                         const std::string& path) {
  std::vector<std::size_t> order(specs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    std::vector<RouteSpec> shuffled;
    for (const std::size_t i : order) shuffled.push_back(specs[i]);
    const RouteTable table = make_table(shuffled);
    const std::string winner = match(table, request);
    const std::string name = winner.substr(0, winner.find(' '));
    ASSERT_TRUE(std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) << winner;
    ASSERT_EQ(table.routes()[std::stoul(name)].path, path) << request.path;
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(RouteTable, WithoutRoutesForwardsNothing) {
  const RouteTable table = make_table({});

  EXPECT_EQ(match(table, {.path = "/"}), "no_route");
  EXPECT_EQ(match(table, {.host = "a.example", .path = "/a"}), "no_route");
}

TEST(RouteTable, KnowsTheNamesOfItsRoutes) {
  std::vector<Route> routes = make_routes({{.path = "/b"}, {.path = "/a"}, {.path = "/c"}});
  routes[0].name = "orders";
  routes[1].name = "a name too long to stand within its string";
  routes[2].name = "b";
  const RouteTable table = *RouteTable::build(std::move(routes));

  for (const char* name : {"orders", "a name too long to stand within its string", "b"})
    EXPECT_TRUE(table.has_route(name)) << name;
  for (const char* name : {"", "a", "order", "orders2", "c"}) EXPECT_FALSE(table.has_route(name)) << name;
}

TEST(RouteTable, PrefersALiteralToANameToTheRestSegmentBySegment) {
  const std::vector<RouteSpec> specs{{.path = "/orders/new"}, {.path = "/orders/{id}"},
                                     {.path = "/orders/**"},  {.path = "/{any}/new"},
                                     {.path = "/**"},         {.path = "/orders/{id}/lines"}};

  expect_in_any_order(specs, {.path = "/orders/new"}, "/orders/new");
  expect_in_any_order(specs, {.path = "/orders/7"}, "/orders/{id}");
  expect_in_any_order(specs, {.path = "/orders/7/lines"}, "/orders/{id}/lines");
  expect_in_any_order(specs, {.path = "/orders/new/lines"}, "/orders/{id}/lines");
  expect_in_any_order(specs, {.path = "/orders/7/else"}, "/orders/**");
  expect_in_any_order(specs, {.path = "/orders"}, "/orders/**");
  expect_in_any_order(specs, {.path = "/users/new"}, "/{any}/new");
  expect_in_any_order(specs, {.path = "/users/7"}, "/**");
  expect_in_any_order(specs, {.path = "/"}, "/**");
}

TEST(RouteTable, TheFirstSegmentThatDiffersDecides) {
  const std::vector<RouteSpec> specs{{.path = "/a/**"}, {.path = "/{x}/b/c"}};

  expect_in_any_order(specs, {.path = "/a/b/c"}, "/a/**");
}

TEST(RouteTable, PrefersTheEndOfThePathToTheRest) {
  expect_in_any_order({{.path = "/api"}, {.path = "/api/**"}}, {.path = "/api"}, "/api");
}

TEST(RouteTable, PrefersAnExactHostToTheLongestWildcardToAnyHost) {
  const RouteTable table = make_table({{.path = "/**"},
                                       {.host = "*.com", .path = "/**"},
                                       {.host = "*.example.com", .path = "/**"},
                                       {.host = "api.example.com", .path = "/**"}});

  EXPECT_EQ(match(table, {.host = "api.example.com", .path = "/"}), "3");
  EXPECT_EQ(match(table, {.host = "www.example.com", .path = "/"}), "2");
  EXPECT_EQ(match(table, {.host = "a.b.example.com", .path = "/"}), "2");
  EXPECT_EQ(match(table, {.host = "example.com", .path = "/"}), "1");
  EXPECT_EQ(match(table, {.host = "notexample.com", .path = "/"}), "1");
  EXPECT_EQ(match(table, {.host = "example.org", .path = "/"}), "0");
  EXPECT_EQ(match(table, {.host = "com", .path = "/"}), "0");
}

TEST(RouteTable, AHostComesBeforeThePath) {
  const RouteTable table = make_table({{.path = "/a/b"},
                                       {.host = "*.example.com", .path = "/a/{x}"},
                                       {.host = "api.example.com", .path = "/**"}});

  EXPECT_EQ(match(table, {.host = "api.example.com", .path = "/a/b"}), "2");
  EXPECT_EQ(match(table, {.host = "www.example.com", .path = "/a/b"}), "1 x=b");
  EXPECT_EQ(match(table, {.host = "example.com", .path = "/a/b"}), "0");
}

TEST(RouteTable, AHostWithoutAFittingPathLeavesTheRequestToWiderHosts) {
  const RouteTable table = make_table({{.path = "/**"}, {.host = "api.example.com", .path = "/api/**"}});

  EXPECT_EQ(match(table, {.host = "api.example.com", .path = "/health"}), "0");
}

TEST(RouteTable, ARequestWithoutHostMatchesOnlyRoutesWithoutHost) {
  const RouteTable table = make_table({{.host = "api.example.com", .path = "/a"}, {.path = "/b"}});

  EXPECT_EQ(match(table, {.path = "/a"}), "no_route");
  EXPECT_EQ(match(table, {.path = "/b"}), "1");
}

TEST(RouteTable, PrefersListedMethodsToAnyThenMoreHeadersToFewer) {
  const RouteTable table = make_table({{.path = "/a"},
                                       {.path = "/a", .methods = {"GET"}},
                                       {.path = "/a", .headers = {{"X-Env", "prod"}, {"X-Zone", "1"}}},
                                       {.path = "/a", .headers = {{"X-Env", "prod"}}}});

  EXPECT_EQ(match(table, {.path = "/a", .method = "POST"}), "0");
  EXPECT_EQ(match(table, {.path = "/a", .headers = {{"X-Env", "prod"}}}), "1");
  EXPECT_EQ(match(table, {.path = "/a", .method = "POST", .headers = {{"x-env", "prod"}}}), "3");
  EXPECT_EQ(match(table, {.path = "/a", .method = "POST", .headers = {{"X-Zone", "1"}, {"X-ENV", "prod"}}}),
            "2");
  EXPECT_EQ(match(table, {.path = "/a", .method = "POST", .headers = {{"X-Env", "PROD"}}}), "0");
}

TEST(RouteTable, AHeaderConditionWantsTheFieldExactlyOnce) {
  const RouteTable table = make_table({{.path = "/a", .headers = {{"X-Env", "prod"}}}});

  EXPECT_EQ(match(table, {.path = "/a", .headers = {{"X-Env", "prod"}}}), "0");
  EXPECT_EQ(match(table, {.path = "/a", .headers = {{"X-Env", "prod"}, {"X-Env", "test"}}}), "no_route");
  EXPECT_EQ(match(table, {.path = "/a", .headers = {{"X-Env", "prod"}, {"X-Env", "prod"}}}), "no_route");
  EXPECT_EQ(match(table, {.path = "/a", .headers = {{"X_Env", "prod"}}}), "no_route");
}

TEST(RouteTable, APrefixEndsAtASegmentBoundary) {
  const RouteTable table = make_table({{.path = "/api/**"}});

  for (const char* inside : {"/api", "/api/", "/api/x", "/api/x/y/", "//api//x"}) {
    EXPECT_EQ(match(table, {.path = inside}), "0") << inside;
  }
  for (const char* outside : {"/apix", "/apiv2/secret", "/ap", "/", "/API/x", "/x/api"}) {
    EXPECT_EQ(match(table, {.path = outside}), "no_route") << outside;
  }
}

TEST(RouteTable, ATrailingSlashIsAnotherPath) {
  const RouteTable table = make_table({{.path = "/a"}, {.path = "/b/"}});

  EXPECT_EQ(match(table, {.path = "/a"}), "0");
  EXPECT_EQ(match(table, {.path = "/a/"}), "no_route");
  EXPECT_EQ(match(table, {.path = "/b/"}), "1");
  EXPECT_EQ(match(table, {.path = "/b"}), "no_route");
}

TEST(RouteTable, ANameIsOneSegmentThatIsNotEmpty) {
  const RouteTable table = make_table({{.path = "/users/{id}/posts/{post}/**"}, {.path = "/{top}"}});

  EXPECT_EQ(match(table, {.path = "/users/7/posts/9"}), "0 id=7 post=9");
  EXPECT_EQ(match(table, {.path = "/users/7/posts/9/x/y"}), "0 id=7 post=9");
  EXPECT_EQ(match(table, {.path = "/users/a%20b/posts/%c3%a9"}), "0 id=a%20b post=%C3%A9");
  EXPECT_EQ(match(table, {.path = "/users/7/posts/"}), "no_route");
  EXPECT_EQ(match(table, {.path = "/"}), "no_route");
  EXPECT_EQ(match(table, {.path = "/x"}), "1 top=x");
}

TEST(RouteTable, CapturesOnlyWhatTheWinnerNames) {
  const RouteTable table = make_table({{.path = "/{a}/{b}/x"}, {.path = "/{c}/**"}});

  EXPECT_EQ(match(table, {.path = "/1/2/x"}), "0 a=1 b=2");
  EXPECT_EQ(match(table, {.path = "/1/2/y"}), "1 c=1");
}

TEST(RouteTable, FindsACaptureByName) {
  const RouteTable table = make_table({{.path = "/{a}/{b}"}});
  http::Fields fields;
  const auto found = table.match({"", {"/1/2", "", false, false}, "GET", fields});

  ASSERT_TRUE(found);
  EXPECT_EQ(found->captures.find("b"), "2");
  EXPECT_EQ(found->captures.find("c"), std::nullopt);
  EXPECT_EQ(found->index, 0u);
  EXPECT_EQ(found->route, &table.routes()[0]);
}

TEST(RouteTable, NamesTheMethodsWhenOnlyTheMethodDiffers) {
  const RouteTable table =
      make_table({{.path = "/a/**", .methods = {"GET", "HEAD"}},
                  {.path = "/a/{x}", .methods = {"PUT", "GET"}},
                  {.path = "/a/b", .methods = {"DELETE"}, .headers = {{"X-Env", "prod"}}}});

  EXPECT_EQ(match(table, {.path = "/a/b", .method = "POST"}), "method_not_allowed GET, HEAD, PUT");
  EXPECT_EQ(match(table, {.path = "/a/b", .method = "POST", .headers = {{"X-Env", "prod"}}}),
            "method_not_allowed DELETE, GET, HEAD, PUT");
  EXPECT_EQ(match(table, {.path = "/a", .method = "PUT"}), "method_not_allowed GET, HEAD");
  EXPECT_EQ(match(table, {.path = "/b", .method = "PUT"}), "no_route");
}

TEST(RouteTable, MethodsAreComparedWithCase) {
  const RouteTable table = make_table({{.path = "/a", .methods = {"GET", "PROPFIND"}}});

  EXPECT_EQ(match(table, {.path = "/a", .method = "PROPFIND"}), "0");
  EXPECT_EQ(match(table, {.path = "/a", .method = "get"}), "method_not_allowed GET, PROPFIND");
}

TEST(RouteTable, AMethodThatTheBestPathDoesNotTakeGoesToTheNextBest) {
  const RouteTable table = make_table({{.path = "/a/b", .methods = {"GET"}}, {.path = "/a/**"}});

  EXPECT_EQ(match(table, {.path = "/a/b"}), "0");
  EXPECT_EQ(match(table, {.path = "/a/b", .method = "POST"}), "1");
}

TEST(RouteTable, RefusesParametersThatHideAnotherRoute) {
  const RouteTable table =
      make_table({{.path = "/**"}, {.path = "/admin/**"}, {.path = "/admin/users"}, {.path = "/item/{id}"}});

  EXPECT_EQ(match(table, {.path = "/admin;x/y"}), "bad_path");
  EXPECT_EQ(match(table, {.path = "/admin%3bx/y"}), "bad_path");
  EXPECT_EQ(match(table, {.path = "/admin;a=b"}), "bad_path");
  EXPECT_EQ(match(table, {.path = "/;x/admin/y"}), "bad_path");
  EXPECT_EQ(match(table, {.path = "/admin/;x/users"}), "bad_path");
  EXPECT_EQ(match(table, {.path = "/item/;x"}), "bad_path");
  EXPECT_EQ(match(table, {.path = "/admin/users;jsessionid=1"}), "bad_path");
}

TEST(RouteTable, TakesParametersThatChangeNothing) {
  const RouteTable table = make_table({{.path = "/**"}, {.path = "/admin/**"}, {.path = "/item/{id}"}});

  EXPECT_EQ(match(table, {.path = "/shop/cart;jsessionid=1A2B"}), "0");
  EXPECT_EQ(match(table, {.path = "/admin/x;y/z"}), "1");
  EXPECT_EQ(match(table, {.path = "/item/7;v=1"}), "2 id=7;v=1");
}

TEST(RouteTable, RefusesParametersThatMakeARouteOutOfNone) {
  const RouteTable table = make_table({{.path = "/admin/**"}, {.path = "/{id}"}});

  EXPECT_EQ(match(table, {.path = "/admin;x/y"}), "bad_path");
  EXPECT_EQ(match(table, {.path = "/;x"}), "bad_path");
  EXPECT_EQ(match(table, {.path = "/else;x/y"}), "no_route");
}

TEST(RouteTable, AnAsteriskTargetMatchesNoRoute) {
  EXPECT_EQ(match(make_table({{.path = "/**"}}), {.path = "*", .method = "OPTIONS"}), "no_route");
}

TEST(RouteConflict, NamesBothPlaces) {
  const auto issues = issues_of({{.path = "/a/{x}"}, {.path = "/b"}, {.path = "/a/{y}"}});

  ASSERT_EQ(issues.size(), 1u);
  EXPECT_THAT(issues[0],
              AllOf(HasSubstr("3: the route \"2\""), HasSubstr("the route \"0\" at gatewarden.yaml:1:5")));
}

TEST(RouteConflict, IsTwoRoutesOfOneShapeThatNeitherMethodsNorHeadersTellApart) {
  using Specs = std::vector<RouteSpec>;
  for (const Specs& specs : {
           Specs{{.path = "/a"}, {.path = "/a"}},
           Specs{{.path = "/{x}/**"}, {.path = "/{y}/**"}},
           Specs{{.host = "a.example", .path = "/a"}, {.host = "a.example", .path = "/a"}},
           Specs{{.host = "*.example", .path = "/a"}, {.host = "*.example", .path = "/a"}},
           Specs{{.path = "/a", .methods = {"GET", "PUT"}}, {.path = "/a", .methods = {"PUT", "POST"}}},
           Specs{{.path = "/a", .headers = {{"X-A", "1"}}}, {.path = "/a", .headers = {{"X-B", "1"}}}},
           Specs{{.path = "/a", .headers = {{"X-A", "1"}}}, {.path = "/a", .headers = {{"x-a", "1"}}}},
       }) {
    EXPECT_EQ(issues_of(specs).size(), 1u) << specs[0].path;
  }
}

TEST(RouteConflict, IsNotTwoRoutesOfWhichOneIsMoreSpecificOrThatNoRequestShares) {
  using Specs = std::vector<RouteSpec>;
  for (const Specs& specs : {
           Specs{{.path = "/a"}, {.path = "/a/"}},
           Specs{{.path = "/{x}"}, {.path = "/{x}/**"}},
           Specs{{.path = "/{x}/b"}, {.path = "/a/{y}"}},
           Specs{{.host = "a.example", .path = "/a"}, {.host = "b.example", .path = "/a"}},
           Specs{{.host = "*.example", .path = "/a"}, {.host = "*.a.example", .path = "/a"}},
           Specs{{.path = "/a", .methods = {"GET"}}, {.path = "/a", .methods = {"PUT"}}},
           Specs{{.path = "/a", .methods = {"GET"}}, {.path = "/a"}},
           Specs{{.path = "/a", .methods = {"GET"}}, {.path = "/a", .headers = {{"X-A", "1"}}}},
           Specs{{.path = "/a", .headers = {{"X-A", "1"}}}, {.path = "/a", .headers = {{"X-A", "2"}}}},
           Specs{{.path = "/a", .headers = {{"X-A", "1"}}},
                 {.path = "/a", .headers = {{"X-B", "1"}, {"X-C", "1"}}}},
       }) {
    EXPECT_EQ(issues_of(specs), std::vector<std::string>()) << specs[0].path;
  }
}

TEST(RouteConflict, AllIssuesComeAtOnceInTheOrderOfTheFile) {
  const auto issues = issues_of({{.path = "/a/**/b"},
                                 {.path = "/c"},
                                 {.path = "/c"},
                                 {.path = "/d", .headers = {{"X-A", "1"}, {"x-a", "2"}}},
                                 {.path = "/e", .methods = {"GET"}},
                                 {.path = "/e", .methods = {"GET"}},
                                 {.path = "/e", .methods = {"GET"}}});

  ASSERT_EQ(issues.size(), 5u);
  EXPECT_THAT(issues[0], HasSubstr("1: a * in \"**\""));
  EXPECT_THAT(issues[1], HasSubstr("3: the route \"2\" and the route \"1\""));
  EXPECT_THAT(issues[2], HasSubstr("4: the header \"x-a\" stands twice"));
  EXPECT_THAT(issues[3], HasSubstr("6: the route \"5\" and the route \"4\""));
  EXPECT_THAT(issues[4], HasSubstr("7: the route \"6\" and the route \"4\""));
}

unsigned nodes_visited(const RouteTable& table, std::string_view host, std::string_view path) {
  http::Fields fields;
  const auto found = table.match({host, {path, "", false, false}, "GET", fields});
  EXPECT_TRUE(found);
  return found ? found->nodes_visited : 0;
}

TEST(RouteTable, OfTenThousandRoutesVisitsNoMoreNodesThanOfTen) {
  const auto routes = [](int count) {
    std::vector<RouteSpec> specs;
    for (int i = 0; i < count; ++i)
      specs.push_back({.host = i % 2 == 0 ? "" : "h" + std::to_string(i) + ".example",
                       .path = "/service" + std::to_string(i) + "/{id}/**"});
    return make_table(specs);
  };

  EXPECT_EQ(nodes_visited(routes(10), "h9.example", "/service9/7/x"), 3u);
  EXPECT_EQ(nodes_visited(routes(10'000), "h9999.example", "/service9999/7/x"), 3u);
  EXPECT_EQ(nodes_visited(routes(10'000), "h9999.example", "/service4998/7/x"), 4u);
}

TEST(RouteTable, BacktracksNoFurtherThanTheNodesThatMatch) {
  const RouteTable table =
      make_table({{.path = "/a/a/a/x"}, {.path = "/a/a/{p}/y"}, {.path = "/a/{p}/{q}/z"}, {.path = "/**"}});

  EXPECT_EQ(match(table, {.path = "/a/a/a/x"}), "0");
  EXPECT_EQ(match(table, {.path = "/a/a/a/y"}), "1 p=a");
  EXPECT_EQ(match(table, {.path = "/a/a/a/z"}), "2 p=a q=a");
  EXPECT_EQ(match(table, {.path = "/a/a/a/w"}), "3");
  EXPECT_EQ(nodes_visited(table, "", "/a/a/a/w"), 7u);
}

}  // namespace
}  // namespace gw::policy
