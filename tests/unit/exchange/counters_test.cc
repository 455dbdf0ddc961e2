// SPDX-License-Identifier: Apache-2.0
#include "exchange/counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/clock.h"

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

TEST(Metrics, WriteAHistogramAsPrometheusReadsIt) {
  Counters counters;
  counters.record({.status = 200, .spent = 500us});
  counters.record({.status = 200, .spent = 20ms});
  counters.record({.status = 200, .spent = 2h});
  const auto buckets = samples(text_of(counters), "gatewarden_request_duration_seconds_bucket");
  ASSERT_THAT(buckets, SizeIs(Histogram::kBounds.size() + 1));
  EXPECT_EQ(buckets.front(), "gatewarden_request_duration_seconds_bucket{le=\"0.0005\"} 1");
  EXPECT_EQ(buckets[buckets.size() - 2], "gatewarden_request_duration_seconds_bucket{le=\"60\"} 2");
  EXPECT_EQ(buckets.back(), "gatewarden_request_duration_seconds_bucket{le=\"+Inf\"} 3");
  EXPECT_THAT(text_of(counters), HasSubstr("gatewarden_request_duration_seconds_sum 7200.0205\n"
                                           "gatewarden_request_duration_seconds_count 3\n"));
}

TEST(Metrics, TellHelpAndTypeOnceBeforeTheSamples) {
  std::string name;
  std::size_t families = 0;
  for (const std::string& line : lines_of(text_of({}))) {
    std::istringstream words(line);
    std::string first, second, third;
    words >> first >> second >> third;
    if (first == "#" && second == "HELP") {
      name = third;
      ++families;
      EXPECT_THAT(name, ::testing::StartsWith("gatewarden_"));
    } else if (first == "#") {
      EXPECT_EQ(second, "TYPE");
      EXPECT_EQ(third, name);
    } else {
      EXPECT_THAT(first, ::testing::StartsWith(name));
    }
  }
  EXPECT_EQ(families, 19u);
}

TEST(Metrics, EscapeLabels) {
  Counters counters;
  counters.record({.status = 502, .code = "upstream_refused", .upstream = "a\"b\\c\nd"});
  EXPECT_THAT(text_of(counters), HasSubstr(R"({upstream="a\"b\\c\nd",code="upstream_refused"} 1)"));
}

TEST(Metrics, ShowEveryProblemCodeFromTheStart) {
  const std::vector<std::string> shown = samples(text_of({}), "gatewarden_refusals_total{");
  std::set<std::string_view> codes;
  for (std::size_t i = 0; i < kFaults; ++i) codes.insert(info_of(static_cast<Fault>(i)).code);
  EXPECT_THAT(shown, SizeIs(codes.size())) << "each once, as Prometheus demands";
  EXPECT_THAT(std::set(shown.begin(), shown.end()), SizeIs(codes.size()));
  EXPECT_THAT(text_of({}), Not(HasSubstr("gatewarden_upstream_failures_total{")));
}

TEST(Metrics, ShowTheProcessAndItsVersion) {
  const std::string text =
      text_of({}, {.config_reloads = 1, .config_reload_failures = 2, .access_log_dropped = 3});
  EXPECT_THAT(text, HasSubstr("gatewarden_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("gatewarden_config_reloads_total 1\n"));
  EXPECT_THAT(text, HasSubstr("gatewarden_config_reload_failures_total 2\n"));
  EXPECT_THAT(text, HasSubstr("gatewarden_access_log_dropped_total 3\n"));
}

}  // namespace
}  // namespace gw::exchange
