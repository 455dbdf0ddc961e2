// SPDX-License-Identifier: Apache-2.0
#include "exchange/metrics_writer.h"

#include <charconv>

namespace gw::exchange {
namespace {

// The shortest text without an exponent that reads back as the same number.
std::string number_text(double value) {
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  return {text, end};
}

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
}

}  // namespace

std::string_view content_type_of(MetricsFormat format) {
  return format == MetricsFormat::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                              : "text/plain; version=0.0.4; charset=utf-8";
}

// In OpenMetrics the suffix belongs to the sample alone.
void MetricsWriter::begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = "gatewarden_" + std::string(name);
  std::string family = name_;
  if (open_)
    for (const std::string_view suffix : {"_total", "_info"})
      if (family.ends_with(suffix)) family.resize(family.size() - suffix.size());
  const std::string_view told = !open_ && type == "info" ? "gauge" : type;
  out_ +=
      "# HELP " + family + ' ' + std::string(help) + "\n# TYPE " + family + ' ' + std::string(told) + '\n';
}

void MetricsWriter::write(const Labels& labels, std::string_view value, std::string_view suffix,
                          std::string_view bound) {
  out_ += name_;
  out_ += suffix;
  char before = '{';
  const auto add = [&](std::string_view name, std::string_view text) {
    out_ += std::exchange(before, ',');
    out_ += name;
    out_ += "=\"";
    append_escaped(out_, text);
    out_ += '"';
  };
  for (const auto& [name, text] : labels) add(name, text);
  if (!bound.empty()) add("le", bound);
  if (before == ',') out_ += '}';
  out_ += ' ';
  out_ += value;
  out_ += '\n';
}

void MetricsWriter::sample(const Labels& labels, std::uint64_t value) {
  write(labels, std::to_string(value));
}

void MetricsWriter::sample(const Labels& labels, double value) {
  write(labels, number_text(value));
}

void MetricsWriter::histogram(const Labels& labels, const Histogram& values) {
  for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
    std::string bound = number_text(Histogram::kBounds[i]);
    if (open_ && bound.find('.') == std::string::npos) bound += ".0";
    write(labels, std::to_string(values.cumulative(i)), "_bucket", bound);
  }
  write(labels, std::to_string(values.count()), "_bucket", "+Inf");
  write(labels, number_text(std::chrono::duration<double>(values.sum()).count()), "_sum");
  write(labels, std::to_string(values.count()), "_count");
}

void MetricsWriter::single(std::string_view name, std::string_view type, std::uint64_t value,
                           std::string_view help) {
  begin(name, type, help);
  sample({}, value);
}

std::string MetricsWriter::finish() {
  if (open_) out_ += "# EOF\n";
  return std::move(out_);
}

}  // namespace gw::exchange
