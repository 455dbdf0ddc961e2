// SPDX-License-Identifier: Apache-2.0
// The tree against the definition: of all routes that match, the one that comes first in the order of the
// contract. Both see the same random routes and requests.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "policy/route_table.h"
#include "support/routes.h"

namespace gw::policy {
namespace {

using test::RequestSpec;
using test::RouteSpec;

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> segments;
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t slash = path.find('/', at + 1);
    segments.push_back(path.substr(at + 1, slash == std::string::npos ? slash : slash - at - 1));
    at = slash;
  }
  return segments;
}

// For each segment what the route has there: 3 a literal or the end, 2 a name, 1 the rest. Empty: no match.
std::vector<int> path_rank(const RouteSpec& route, const RequestSpec& request) {
  const std::vector<std::string> wanted = split(route.path), sent = split(request.path);
  std::vector<int> rank;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "**") {
      rank.push_back(1);
      return rank;
    }
    if (i == sent.size()) return {};
    const bool is_name = wanted[i].front() == '{';
    if (is_name ? sent[i].empty() : wanted[i] != sent[i]) return {};
    rank.push_back(is_name ? 2 : 3);
  }
  if (wanted.size() != sent.size()) return {};
  rank.push_back(3);
  return rank;
}

// 0: no match. An exact host above all wildcards, these by their length, any host last.
std::size_t host_rank(const RouteSpec& route, const RequestSpec& request) {
  if (route.host.empty()) return 1;
  if (route.host == request.host) return 1000;
  if (route.host.front() != '*') return 0;
  const std::string suffix = route.host.substr(1);
  const bool matches = request.host.size() > suffix.size() && request.host.ends_with(suffix);
  return matches ? suffix.size() + 1 : 0;
}

bool headers_match(const RouteSpec& route, const RequestSpec& request) {
  return std::all_of(route.headers.begin(), route.headers.end(), [&](const auto& wanted) {
    std::vector<std::string> values;
    for (const auto& [name, value] : request.headers)
      if (name == wanted.first) values.push_back(value);
    return values == std::vector<std::string>{wanted.second};
  });
}

// The whole order as one value to compare.
struct Rank {
  std::size_t host;
  std::vector<int> path;
  bool has_methods;
  std::size_t headers;
  auto operator<=>(const Rank&) const = default;
};

struct Naive {
  int best = -1;
  bool is_tie = false;       // two routes, neither more specific
  bool only_method = false;  // nothing but the method kept a route away
};

Naive match_naively(const std::vector<RouteSpec>& routes, const RequestSpec& request) {
  Naive result;
  Rank best{};
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const RouteSpec& route = routes[i];
    Rank rank{host_rank(route, request), path_rank(route, request), !route.methods.empty(),
              route.headers.size()};
    if (rank.host == 0 || rank.path.empty() || !headers_match(route, request)) continue;
    if (rank.has_methods &&
        std::find(route.methods.begin(), route.methods.end(), request.method) == route.methods.end()) {
      result.only_method = true;
      continue;
    }
    if (result.best >= 0 && rank == best) result.is_tie = true;
    if (result.best >= 0 && !(rank > best)) continue;
    if (result.best >= 0 && rank > best) result.is_tie = false;
    result.best = static_cast<int>(i);
    best = std::move(rank);
  }
  return result;
}

// Few words, so that most requests match several routes.
class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}

  std::size_t below(std::size_t n) { return engine_() % n; }
  template <std::size_t N>
  std::string one_of(const char* const (&words)[N]) {
    return words[below(N)];
  }

  RouteSpec route() {
    static const char* const kHosts[] = {"",        "",      "a.x.org",   "b.x.org",
                                         "*.x.org", "*.org", "*.a.x.org", "x.org"};
    RouteSpec spec{.host = one_of(kHosts), .path = route_path()};
    for (const char* method : {"GET", "PUT", "DELETE"})
      if (below(4) == 0) spec.methods.push_back(method);
    for (const char* name : {"X-A", "X-B"})
      if (below(5) == 0) spec.headers.emplace_back(name, below(2) == 0 ? "1" : "2");
    return spec;
  }

  RequestSpec request() {
    static const char* const kHosts[] = {"", "a.x.org", "b.x.org", "c.a.x.org", "x.org", "org", "y.com"};
    static const char* const kMethods[] = {"GET", "PUT", "DELETE", "POST"};
    static const char* const kSegments[] = {"a", "b", "c", "d"};
    RequestSpec spec{.host = one_of(kHosts), .method = one_of(kMethods)};
    for (std::size_t depth = below(5); depth > 0; --depth) spec.path += "/" + one_of(kSegments);
    if (spec.path.empty() || below(4) == 0) spec.path += "/";
    for (const char* name : {"X-A", "X-B", "X-A"})
      if (below(3) == 0) spec.headers.emplace_back(name, below(2) == 0 ? "1" : "2");
    return spec;
  }

 private:
  std::string route_path() {
    static const char* const kSegments[] = {"a", "b", "c", "{}", "{}"};
    std::string path;
    for (std::size_t depth = below(5); depth > 0; --depth) {
      const std::string segment = one_of(kSegments);
      path += segment == "{}" ? "/{n" + std::to_string(below(1000) * 10 + depth) + "}" : "/" + segment;
    }
    if (below(3) == 0) return path + "/**";
    return path.empty() || below(4) == 0 ? path + "/" : path;
  }

  std::mt19937 engine_;
};

// Routes without those that conflict with an earlier one, as the table itself judges.
std::vector<RouteSpec> without_conflicts(std::vector<RouteSpec> specs) {
  while (true) {
    const auto table = RouteTable::build(test::make_routes(specs));
    if (table) return specs;
    const std::vector<RouteIssue>& issues = table.error();
    for (auto issue = issues.rbegin(); issue != issues.rend(); ++issue)
      specs.erase(specs.begin() + (issue->place.line - 1));
  }
}

TEST(RouteOrder, TheTreeAgreesWithTheDefinition) {
  constexpr unsigned kTables = 150, kRequests = 150;
  unsigned matched = 0, only_method = 0;
  for (unsigned seed = 0; seed < kTables; ++seed) {
    Dice dice(seed);
    std::vector<RouteSpec> specs;
    for (std::size_t count = 1 + dice.below(60); count > 0; --count) specs.push_back(dice.route());
    specs = without_conflicts(std::move(specs));
    const RouteTable table = test::make_table(specs);

    for (unsigned i = 0; i < kRequests; ++i) {
      const RequestSpec request = dice.request();
      const Naive expected = match_naively(specs, request);
      const std::string found = test::match(table, request);
      const std::string name = found.substr(0, found.find(' '));

      ASSERT_FALSE(expected.is_tie) << "seed " << seed << ": two routes tie for " << request.path;
      const std::string fallback = expected.only_method ? "method_not_allowed" : "no_route";
      ASSERT_EQ(name, expected.best < 0 ? fallback : std::to_string(expected.best))
          << "seed " << seed << ": " << request.method << " " << request.host << request.path;
      matched += expected.best >= 0;
      only_method += expected.best < 0 && expected.only_method;
    }
  }
  // The dice make enough of each kind for the agreement to mean something.
  EXPECT_GT(matched, kTables * kRequests / 4);
  EXPECT_GT(only_method, 100u);
}

TEST(RouteOrder, TwoRoutesThatTieForARequestAreReported) {
  unsigned ties = 0;
  for (unsigned seed = 0; seed < 1000; ++seed) {
    Dice dice(seed);
    std::vector<RouteSpec> specs{dice.route(), dice.route()};
    if (dice.below(4) != 0) specs[1].host = specs[0].host;
    if (dice.below(4) != 0) specs[1].path = specs[0].path;
    const bool is_conflict = !RouteTable::build(test::make_routes(specs)).ok();

    bool is_tie = false;
    for (unsigned i = 0; i < 100 && !is_tie; ++i) is_tie = match_naively(specs, dice.request()).is_tie;
    if (is_tie) {
      EXPECT_TRUE(is_conflict) << "seed " << seed << ": " << specs[0].path << " " << specs[1].path;
    }
    ties += is_tie;
  }
  EXPECT_GT(ties, 30u);
}

}  // namespace
}  // namespace gw::policy
