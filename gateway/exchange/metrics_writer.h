// SPDX-License-Identifier: Apache-2.0
// Metrics as text: Prometheus 0.0.4 or OpenMetrics 1.0.0, which differ in how families are named and numbers
// written, and in the end. Every name gets the prefix `gatewarden_`; labels are escaped.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/histogram.h"

namespace gw::exchange {

enum class MetricsFormat : std::uint8_t { prometheus, openmetrics };
std::string_view content_type_of(MetricsFormat format);

class MetricsWriter {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit MetricsWriter(MetricsFormat format) : open_(format == MetricsFormat::openmetrics) {}

  // Begins a family. `name` of a counter ends in _total, of an `info` in _info; `type` as OpenMetrics has it.
  void begin(std::string_view name, std::string_view type, std::string_view help);
  void sample(const Labels& labels, std::uint64_t value);
  void sample(const Labels& labels, double value);
  // Of a family of type histogram.
  void histogram(const Labels& labels, const Histogram& values);
  // A family of one sample.
  void single(std::string_view name, std::string_view type, std::uint64_t value, std::string_view help);
  std::string finish();

 private:
  void write(const Labels& labels, std::string_view value, std::string_view suffix = {},
             std::string_view bound = {});

  const bool open_;
  std::string out_;
  std::string name_;
};

}  // namespace gw::exchange
