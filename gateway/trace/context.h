// SPDX-License-Identifier: Apache-2.0
// W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/): what a request says of the trace that
// it is part of. What is malformed is as if it had not been sent; nothing of it is repaired.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "http/field.h"

namespace gw::trace {

using TraceId = std::array<char, 32>;  // lower-case hex digits, not all zero
using SpanId = std::array<char, 16>;

inline std::string_view text_of(const TraceId& id) {
  return {id.data(), id.size()};
}
inline std::string_view text_of(const SpanId& id) {
  return {id.data(), id.size()};
}

struct Parent {
  TraceId trace;
  SpanId span;
  bool sampled = false;
};

// A later version than 00 is read as far as 00 goes (3.2.2, 4.3).
std::optional<Parent> parse_traceparent(std::string_view text);
// Of a request: several fields are none.
std::optional<Parent> find_parent(const http::Fields& fields);
// Whether all `tracestate` fields together are one list that may be passed on: at most 32 members of the
// right form with no key twice, and 512 bytes.
bool has_good_state(const http::Fields& fields);

// Another id, always the same for one.
SpanId derive(const SpanId& id);

inline constexpr std::size_t kParentBytes = 55;  // of version 00: VERSION-TRACE-SPAN-FLAGS
void format_traceparent(char* to, const TraceId& trace, const SpanId& span, bool sampled);

// True for that share of all trace ids, the same for every service that judges by the id.
bool is_in_share(const TraceId& trace, double share);

}  // namespace gw::trace
