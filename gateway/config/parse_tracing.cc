// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "config/sections.h"
#include "fetch/url.h"
#include "http/field.h"

namespace gw::config {
namespace {

constexpr std::string_view kTracesPath = "/v1/traces";

constexpr std::array kKeys{
    Key{"otlp", "URL", "required", "a collector for OTLP over HTTP; `/v1/traces` is added to its path"},
    Key{"sample", "number", "0.01",
        "the share of the traces that begin here, 0 to 1; others as their parent says"},
    Key{"service", "text", "gatewarden", "`service.name`, by which the collector knows this gateway"},
    Key{"headers", "map of secrets", "{}", "sent along, such as `Authorization`"},
    Key{"ca", "path", "the system's", "PEM certificates, the only ones trusted for the collector"},
    Key{"timeout", "duration", "10s", "of one request to the collector"},
};

// Those that the gateway writes itself.
constexpr std::string_view kOwnFields[] = {"content-type", "content-length", "transfer-encoding",
                                           "host",         "connection",     "expect"};

bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return http::fold_name_byte(c) != 0; });
}

bool is_field_value(std::string_view value) {
  return !value.empty() &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7F; });
}

void parse_headers(const NodeReader& node, trace::Options& options) {
  for (const NamedItem& header : node.map("headers")) {
    const bool is_own = std::any_of(std::begin(kOwnFields), std::end(kOwnFields), [&](std::string_view own) {
      return http::equal_without_case(own, header.name);
    });
    if (!is_field_name(header.name) || is_own)
      report(node.context(), header.value,
             is_own ? "is written by the gateway itself (remove it)" : "is no name of a header");
    auto value = read_secret(node.context(), header.value);
    if (!value) continue;
    if (!is_field_value(value->reveal()))
      report(node.context(), header.value, "is empty, or has bytes that a header cannot hold");
    options.headers.emplace_back(header.name, std::move(*value));
  }
}

}  // namespace

const Section kTracingSection{"tracing", kKeys};

trace::Options parse_tracing(Context& context, const Item& item) {
  const NodeReader node(context, item, kTracingSection);
  trace::Options options;
  parse_headers(node, options);
  if (node.require("otlp")) {
    options.url = node.text("otlp");
    const auto url = fetch::parse_url(options.url, fetch::PlainHttp::anywhere);
    const auto place = node.find("otlp");
    if (place && place->node->kind == Kind::text && !url) report(context, *place, url.error());
    if (url && url->path.find('?') != std::string::npos) report(context, *place, "has a query (remove it)");
    if (url && !url->tls && !fetch::is_loopback(*url) && !options.headers.empty())
      report(context, *place, "is plain http, over which everybody could read the headers (write https://)");
  }
  while (options.url.ends_with('/')) options.url.pop_back();
  options.url += kTracesPath;
  options.sample = node.decimal("sample", options.sample, {0, 1});
  options.service = node.text("service", options.service);
  options.ca_file = node.readable_file("ca");
  options.timeout = node.duration("timeout", options.timeout, {100ms, 1min});
  return options;
}

}  // namespace gw::config
