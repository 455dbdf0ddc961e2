// SPDX-License-Identifier: Apache-2.0
#include "trace/span.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace gw::trace {
namespace {

using namespace std::chrono_literals;

Span usual() {
  return {"4bf92f3577b34da6a3ce929d0e0e4736",
          "00f067aa0ba902b7",
          "1111111111111111",
          "GET /a",
          Kind::server,
          1544712660000000000ns,
          1544712661000000000ns};
}

TEST(SpanWriter, WritesWhatCollectorsRead) {
  std::string out;
  SpanWriter span(out, usual());
  span.text("http.request.method", "GET");
  span.text("absent", "");
  span.number("http.response.status_code", 502);
  span.end(true);
  EXPECT_EQ(
      out,
      R"({"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7",)"
      R"("parentSpanId":"1111111111111111","name":"GET /a","kind":2,)"
      R"("startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","attributes":[)"
      R"({"key":"http.request.method","value":{"stringValue":"GET"}},)"
      R"({"key":"http.response.status_code","value":{"intValue":"502"}}],"status":{"code":2}})");
}

TEST(SpanWriter, OfARootNamesNoParentAndItsEndIsNeverBeforeItsBeginning) {
  Span root = usual();
  root.parent = {};
  root.ended = 1ns;
  std::string out;
  SpanWriter(out, root).end(false);
  EXPECT_EQ(out.find("parentSpanId"), std::string::npos);
  EXPECT_NE(out.find(R"("endTimeUnixNano":"1544712660000000000")"), std::string::npos);
  EXPECT_NE(out.find(R"("attributes":[],"status":{}})"), std::string::npos);
}

TEST(SpanWriter, EscapesAndBoundsWhatCameFromOutside) {
  std::string hostile = "\"\\\n\xFF";
  hostile += std::string(100000, 'x');
  std::string out;
  Span span = usual();
  span.name = hostile;
  SpanWriter writer(out, span);
  writer.text("url.path", hostile);
  writer.end(false);
  EXPECT_TRUE(json::parse(out)) << out;
  EXPECT_LT(out.size(), 4096u);
}

TEST(Export, HasResourceAndScopeAroundTheSpans) {
  std::string spans;
  SpanWriter(spans, usual()).end(false);
  const auto body = json::parse(format_export("my \"gateway\"", "1.2", spans));
  ASSERT_TRUE(body);
  const json::Value& resource = (*body->find("resourceSpans")->as_array())[0];
  EXPECT_EQ(json::dump(*resource.find("resource")),
            R"({"attributes":[{"key":"service.name","value":{"stringValue":"my \"gateway\""}},)"
            R"({"key":"service.version","value":{"stringValue":"1.2"}}]})");
  const json::Value& scope = (*resource.find("scopeSpans")->as_array())[0];
  EXPECT_EQ(json::dump(*scope.find("scope")), R"({"name":"gatewarden","version":"1.2"})");
  EXPECT_EQ(scope.find("spans")->as_array()->size(), 1u);
}

}  // namespace
}  // namespace gw::trace
