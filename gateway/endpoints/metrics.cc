// SPDX-License-Identifier: Apache-2.0
#include "endpoints/metrics.h"

#include <algorithm>

#include "exchange/control.h"
#include "exchange/exchange.h"
#include "exchange/metrics_text.h"
#include "http/form.h"

namespace gw::endpoints {
namespace {

using exchange::MetricsFormat;

// `q` of a range of media types, in thousandths (RFC 9110 12.4.2); what is no number is taken for 1.
int quality_of(std::string_view range) {
  constexpr int kWhole = 1000;
  for (std::size_t at = range.find(';'); at != std::string_view::npos; at = range.find(';', at + 1)) {
    std::string_view parameter = range.substr(at + 1, range.find(';', at + 1) - at - 1);
    while (parameter.starts_with(' ')) parameter.remove_prefix(1);
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    int quality = 0, unit = kWhole;
    for (const char c : parameter.substr(2)) {
      if (c == '.' || c == ' ' || c == '\t') continue;
      if (c < '0' || c > '9') return kWhole;
      quality += (c - '0') * unit;
      unit /= 10;
    }
    return std::min(quality, kWhole);
  }
  return kWhole;
}

// Which of the two somebody who sends `Accept` likes better; without a word of OpenMetrics, the other.
MetricsFormat choose_format(const http::Fields& fields) {
  int open = 0, text = 0;
  for (const http::Field& field : fields) {
    if (field.id != http::FieldName::accept) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view range = rest.substr(0, rest.find(','));
      rest.remove_prefix(range.size() + (range.size() < rest.size()));
      if (http::is_media_type(range, "application/openmetrics-text"))
        open = std::max(open, quality_of(range));
      if (http::is_media_type(range, "text/plain")) text = std::max(text, quality_of(range));
    }
  }
  return open != 0 && open >= text ? MetricsFormat::openmetrics : MetricsFormat::prometheus;
}

}  // namespace

exchange::Verdict reply_with_metrics(exchange::Exchange& exchange) {
  exchange::Services& services = exchange.services();
  const MetricsFormat format = choose_format(exchange.request().fields);
  return exchange.wait_for(
      services.control->take_census(services.loop, [&exchange, &services, format](exchange::Census census) {
        census.process.ready = services.is_ready();
        exchange::Reply reply;
        reply.content_type = exchange::content_type_of(format);
        reply.body = exchange::format_metrics(census.counters, census.process, census.version, format);
        reply.fields.emplace_back("Vary", "Accept");
        exchange.resume(exchange.answer(std::move(reply)));
      }));
}

}  // namespace gw::endpoints
