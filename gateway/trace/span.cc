// SPDX-License-Identifier: Apache-2.0
#include "trace/span.h"

#include <algorithm>

#include "base/json.h"

namespace gw::trace {
namespace {

constexpr std::size_t kTextBytes = 1024;  // of an attribute

}  // namespace

SpanWriter::SpanWriter(std::string& out, const Span& span) : out_(out) {
  out_ += R"({"traceId":")";
  out_ += span.trace;
  out_ += R"(","spanId":")";
  out_ += span.id;
  if (!span.parent.empty()) {
    out_ += R"(","parentSpanId":")";
    out_ += span.parent;
  }
  out_ += R"(","name":)";
  json::append_quoted(out_, span.name.substr(0, kTextBytes));
  out_ += ",\"kind\":" + std::to_string(static_cast<int>(span.kind));
  out_ += R"(,"startTimeUnixNano":")" + std::to_string(span.began.count());
  out_ += R"(","endTimeUnixNano":")" + std::to_string(std::max(span.began, span.ended).count());
  out_ += R"(","attributes":[)";
}

void SpanWriter::begin_attribute(std::string_view name) {
  if (has_attributes_) out_ += ',';
  has_attributes_ = true;
  out_ += R"({"key":")";
  out_ += name;
  out_ += R"(","value":{)";
}

void SpanWriter::text(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  begin_attribute(name);
  out_ += R"("stringValue":)";
  json::append_quoted(out_, value.substr(0, kTextBytes));
  out_ += "}}";
}

void SpanWriter::number(std::string_view name, std::int64_t value) {
  begin_attribute(name);
  out_ += R"("intValue":")" + std::to_string(value) + "\"}}";
}

void SpanWriter::end(bool failed) {
  out_ += failed ? R"(],"status":{"code":2}})" : R"(],"status":{}})";
}

std::string format_export(std::string_view service, std::string_view version, std::string_view spans) {
  std::string body =
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":)";
  json::append_quoted(body, service);
  body += R"(}},{"key":"service.version","value":{"stringValue":)";
  json::append_quoted(body, version);
  body += R"(}}]},"scopeSpans":[{"scope":{"name":"gatewarden","version":)";
  json::append_quoted(body, version);
  body += R"(},"spans":[)";
  body += spans;
  body += "]}]}]}";
  return body;
}

}  // namespace gw::trace
