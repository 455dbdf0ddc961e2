// SPDX-License-Identifier: Apache-2.0
// Fields of a trace as a client may send them, one a line: what is taken has the form that it is promised to
// have, and is written again as it was read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "trace/context.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  gw::http::Fields fields;
  std::string_view rest = input;
  const std::string_view first = rest.substr(0, rest.find('\n'));
  fields.add("traceparent", first);
  rest.remove_prefix(std::min(first.size() + 1, rest.size()));
  std::size_t bytes = 0;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    fields.add("tracestate", line);
    bytes += line.size();
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  if (const auto parent = gw::trace::find_parent(fields)) {
    std::string text(gw::trace::kParentBytes, '?');
    gw::trace::format_traceparent(text.data(), parent->trace, parent->span, parent->sampled);
    const auto again = gw::trace::parse_traceparent(text);
    require(again && again->trace == parent->trace && again->span == parent->span &&
            again->sampled == parent->sampled);
    require(first.substr(3, 49) == std::string_view(text).substr(3, 49));
    (void)gw::trace::is_in_share(parent->trace, 0.5);
  }
  if (gw::trace::has_good_state(fields)) {
    require(bytes <= 512 && bytes >= 3);
    for (const gw::http::Field& field : fields)
      if (field.id == gw::http::FieldName::tracestate)
        for (const char c : field.value) require(c == '\t' || (c >= 0x20 && c < 0x7F));
  }
  return 0;
}
