// SPDX-License-Identifier: Apache-2.0
#include "exchange/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string_view>
#include <vector>

namespace gw::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
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

std::string open_text_of(const Counters& counters, const ProcessCounters& process = {}) {
  return format_metrics(counters, process, "1.2.3", MetricsFormat::openmetrics);
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
  EXPECT_EQ(families, 35u);
}

TEST(Metrics, SayWhetherTheGatewayIsReady) {
  ProcessCounters process;
  EXPECT_THAT(samples(text_of({}, process), "gatewarden_ready"), ElementsAre("gatewarden_ready 1"));
  process.ready = false;
  EXPECT_THAT(samples(text_of({}, process), "gatewarden_ready"), ElementsAre("gatewarden_ready 0"));
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

TEST(OpenMetrics, NameAFamilyWithoutTheSuffixOfItsSamples) {
  const std::string text = open_text_of({});
  EXPECT_THAT(text,
              HasSubstr("# TYPE gatewarden_requests counter\ngatewarden_requests_total{code=\"none\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE gatewarden_build info\ngatewarden_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("_total counter")));
}

TEST(OpenMetrics, WriteBoundsAsNumbersWithAPoint) {
  Counters counters;
  counters.record({.status = 200, .spent = 2s});
  EXPECT_THAT(open_text_of(counters),
              HasSubstr("gatewarden_request_duration_seconds_bucket{le=\"10.0\"} 1\n"));
  EXPECT_THAT(text_of(counters), HasSubstr("gatewarden_request_duration_seconds_bucket{le=\"10\"} 1\n"));
}

TEST(OpenMetrics, EndWithTheMarkThatTheyAreWhole) {
  EXPECT_THAT(open_text_of({}), EndsWith("\n# EOF\n"));
  EXPECT_THAT(text_of({}), Not(HasSubstr("EOF")));
}

TEST(Metrics, SayOfTheStoreWhetherItsLastAnswerWasGood) {
  Counters counters;
  EXPECT_THAT(text_of(counters), Not(HasSubstr("gatewarden_store_"))) << "there is none";
  counters.store.emplace();
  EXPECT_THAT(text_of(counters), HasSubstr("gatewarden_store_up 1\n"));
  counters.store->note(store::Operation::rotate, steady_now(), false);
  EXPECT_THAT(text_of(counters), HasSubstr("gatewarden_store_up 0\n"));
  EXPECT_THAT(text_of(counters), HasSubstr("gatewarden_store_errors_total{operation=\"rotate\"} 1\n"));
  EXPECT_THAT(text_of(counters),
              HasSubstr("gatewarden_store_request_duration_seconds_count{operation=\"rotate\"} 1\n"));

  Counters later;
  later.store.emplace();
  later.store->note(store::Operation::find_family, steady_now(), true);
  counters += later;
  EXPECT_THAT(text_of(counters), HasSubstr("gatewarden_store_up 1\n"))
      << "another worker had an answer since";
}

TEST(Metrics, ShowHandshakesAndCertificates) {
  Counters counters;
  counters.tls.done[TlsCounters::tls13][1] = 3;
  counters.tls.failed = 2;
  ProcessCounters process;
  process.certificates = {{"/etc/tls.crt", 1800000000}};
  const std::string text = text_of(counters, process);
  EXPECT_THAT(text, HasSubstr("gatewarden_tls_handshakes_total{version=\"1.3\",kind=\"resumed\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("gatewarden_tls_handshake_failures_total 2\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "gatewarden_certificate_expiry_timestamp_seconds{certificate=\"/etc/tls.crt\"} 1800000000\n"));
}

}  // namespace
}  // namespace gw::exchange
