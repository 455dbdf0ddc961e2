// SPDX-License-Identifier: Apache-2.0
#include "exchange/counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "exchange/metrics_text.h"

namespace gw::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string text_of(const Counters& counters, const ProcessCounters& process = {}) {
  return format_metrics(counters, process, "1.2.3");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Lines that begin with `start`.
std::vector<std::string> samples(const std::string& text, const std::string& start) {
  std::vector<std::string> found;
  for (std::string& line : lines_of(text))
    if (line.starts_with(start)) found.push_back(std::move(line));
  return found;
}

std::size_t index_of(double bound) {
  for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i)
    if (Histogram::kBounds[i] == bound) return i;
  ADD_FAILURE() << "no bucket ends at " << bound;
  return 0;
}

TEST(Histogram, PutsAValueOnABoundIntoItsBucket) {
  Histogram histogram;
  histogram.observe(10ms);
  EXPECT_EQ(histogram.cumulative(index_of(0.005)), 0u);
  EXPECT_EQ(histogram.cumulative(index_of(0.01)), 1u);
  EXPECT_EQ(histogram.cumulative(index_of(0.025)), 1u);
}

TEST(Histogram, CountsWhatIsSlowerThanEveryBound) {
  Histogram histogram;
  histogram.observe(1h);
  histogram.observe(0ms);
  EXPECT_EQ(histogram.cumulative(0), 1u);
  EXPECT_EQ(histogram.cumulative(Histogram::kBounds.size() - 1), 1u);
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.sum(), 1h);
}

TEST(Histogram, AddsUpBucketByBucket) {
  Histogram a, b;
  a.observe(1ms);
  b.observe(1ms);
  b.observe(2s);
  a += b;
  EXPECT_EQ(a.cumulative(index_of(0.001)), 2u);
  EXPECT_EQ(a.count(), 3u);
  EXPECT_EQ(a.sum(), 2002ms);
}

TEST(Counters, CountRequestsByClass) {
  Counters counters;
  for (const auto status : std::initializer_list<std::uint16_t>{200, 204, 303, 404, 502, 0})
    counters.record({.status = status});
  EXPECT_THAT(counters.requests, ElementsAre(1, 0, 2, 1, 1, 1));
}

TEST(Counters, CountRefusalsByProblemCode) {
  Counters counters;
  counters.record({.status = 401, .code = "token_expired"});
  counters.record({.status = 401, .code = "token_expired"});
  counters.record({.status = 401});  // the service's own
  EXPECT_THAT(samples(text_of(counters), "gatewarden_refusals_total{code=\"token_expired\"}"),
              ElementsAre("gatewarden_refusals_total{code=\"token_expired\"} 2"));
  EXPECT_EQ(counters.requests[4], 3u);
}

TEST(Counters, CountLoginsByResult) {
  Counters counters;
  counters.record({.status = 303, .is_login = true});
  counters.record({.status = 401, .code = "bad_credentials", .is_login = true});
  counters.record({.status = 0, .is_login = true});  // left before it was decided
  EXPECT_THAT(samples(text_of(counters), "gatewarden_logins_total"),
              ElementsAre("gatewarden_logins_total{result=\"success\"} 1",
                          "gatewarden_logins_total{result=\"bad_credentials\"} 1"));
}

TEST(Counters, BlameAnUpstreamForItsOwnFailuresAlone) {
  Counters counters;
  counters.record({.status = 502, .code = "upstream_refused", .upstream = "legacy"});
  counters.record({.status = 401, .code = "token_missing", .upstream = "legacy"});
  counters.record({.status = 502, .code = "upstream_refused"});
  EXPECT_THAT(
      samples(text_of(counters), "gatewarden_upstream_failures_total"),
      ElementsAre("gatewarden_upstream_failures_total{upstream=\"legacy\",code=\"upstream_refused\"} 1"));
}

TEST(Counters, OfWorkersAddUp) {
  Counters a, b;
  a.record({.status = 504, .code = "upstream_timeout", .upstream = "legacy", .spent = 1ms});
  b.record({.status = 504, .code = "upstream_timeout", .upstream = "legacy", .spent = 1ms});
  b.record({.status = 504, .code = "upstream_timeout", .upstream = "other", .spent = 1ms});
  b.record({.status = 200, .would_refuse = true});
  a.record({.status = 200, .shadow_would_refuse = true});
  b.record({.status = 200, .shadow_would_refuse = true});
  a.connections = 2;
  b.connections = 3;
  a.token_cache_hits = b.token_cache_hits = 7;
  a += b;
  EXPECT_EQ(a.requests[5], 3u);
  EXPECT_EQ((a.upstream_failures[{"legacy", Fault::upstream_timeout}]), 2u);
  EXPECT_EQ((a.upstream_failures[{"other", Fault::upstream_timeout}]), 1u);
  EXPECT_EQ(a.unenforced_refusals, 1u);
  EXPECT_EQ(a.shadow_refusals, 2u);
  EXPECT_EQ(a.connections, 5u);
  EXPECT_EQ(a.token_cache_hits, 14u);
  EXPECT_EQ(a.durations.count(), 6u);
}

TEST(Counters, CountDecisionsByRouteAndCode) {
  Counters counters;
  counters.record({.status = 200, .upstream = "legacy", .route = "orders"});
  counters.record({.status = 502, .code = "upstream_refused", .upstream = "legacy", .route = "orders"});
  counters.record({.status = 401, .code = "token_missing", .upstream = "legacy", .route = "orders"});
  counters.record({.status = 401, .code = "token_missing", .upstream = "legacy", .route = "orders"});
  counters.record({.status = 404, .code = "no_route"});
  counters.record({.status = 401, .code = "bad_credentials", .is_login = true});  // of no route
  EXPECT_THAT(samples(text_of(counters), "gatewarden_decisions_total"),
              ElementsAre("gatewarden_decisions_total{route=\"(none)\",code=\"allowed\"} 0",
                          "gatewarden_decisions_total{route=\"(none)\",code=\"no_route\"} 1",
                          "gatewarden_decisions_total{route=\"orders\",code=\"allowed\"} 2",
                          "gatewarden_decisions_total{route=\"orders\",code=\"token_missing\"} 2"));
}

TEST(Counters, KeepNoMoreRoutesThanTheyMay) {
  Counters counters;
  for (std::size_t i = 0; i < Counters::kMostRoutes + 10; ++i)
    counters.record({.status = 200, .route = "route-" + std::to_string(i)});
  EXPECT_EQ(counters.decisions.size(), Counters::kMostRoutes + 1);
  EXPECT_EQ(counters.decisions.find(Counters::kOtherRoutes)->second.allowed, 10u);
}

TEST(Counters, ForgetRoutesThatAReloadTookAway) {
  Counters counters;
  for (const char* route : {"old", "kept"}) counters.record({.status = 200, .route = route});
  counters.record({.status = 404, .code = "no_route"});
  counters.keep_routes([](const std::string& route) { return route == "kept"; });
  EXPECT_FALSE(counters.decisions.contains("old"));
  EXPECT_TRUE(counters.decisions.contains("kept"));
  EXPECT_TRUE(counters.decisions.contains(Counters::kNoRoute));
}

TEST(Counters, OfWorkersAddUpByRoute) {
  Counters a, b;
  a.record({.status = 401, .code = "token_missing", .route = "x"});
  b.record({.status = 401, .code = "token_missing", .route = "x"});
  b.record({.status = 200, .route = "x"});
  a += b;
  const Decisions& decided = a.decisions.find("x")->second;
  EXPECT_EQ(decided.allowed, 1u);
  EXPECT_THAT(decided.refused, ElementsAre(std::pair(Fault::token_missing, std::uint64_t{2})));
}

TEST(Counters, TimeLoginsApart) {
  Counters counters;
  counters.record({.status = 200, .is_login = true, .spent = 20ms});
  counters.record({.status = 401, .code = "bad_credentials", .is_login = true, .spent = 20ms});
  counters.record({.status = 200, .spent = 1ms});
  EXPECT_EQ(counters.logins_spent.count(), 2u);
  EXPECT_EQ(counters.logins_spent.sum(), 40ms);
}

}  // namespace
}  // namespace gw::exchange
