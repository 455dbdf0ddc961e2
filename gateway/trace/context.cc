// SPDX-License-Identifier: Apache-2.0
#include "trace/context.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace gw::trace {
namespace {

constexpr std::size_t kTraceAt = 3, kSpanAt = 36, kFlagsAt = 53;
constexpr std::size_t kMembers = 32;
constexpr std::size_t kStateBytes = 512;
constexpr std::size_t kKeyBytes = 256, kTenantBytes = 241, kSystemBytes = 14, kValueBytes = 256;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

int hex_value(char c) {
  return is_digit(c) ? c - '0' : c - 'a' + 10;
}

bool is_key_part(std::string_view text, std::size_t most, bool may_begin_with_digit) {
  if (text.empty() || text.size() > most) return false;
  if (!is_small(text.front()) && !(may_begin_with_digit && is_digit(text.front()))) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_small(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
  });
}

// 3.3.1.3.1: `key`, or `tenant@system`.
bool is_key(std::string_view key) {
  const std::size_t at = key.find('@');
  if (at == std::string_view::npos) return is_key_part(key, kKeyBytes, false);
  return is_key_part(key.substr(0, at), kTenantBytes, true) &&
         is_key_part(key.substr(at + 1), kSystemBytes, false);
}

// 3.3.1.3.2: printable, without ',' and '=', not ending in a blank.
bool is_value(std::string_view value) {
  if (value.empty() || value.size() > kValueBytes || value.back() == ' ') return false;
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7E && c != ',' && c != '='; });
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The keys so far.
struct State {
  std::array<std::string_view, kMembers> keys;
  std::size_t count = 0;

  bool add(std::string_view member) {
    member = without_blanks(member);
    if (member.empty()) return true;  // allowed, and says nothing
    const std::size_t equals = member.find('=');
    if (count == kMembers || equals == std::string_view::npos) return false;
    const std::string_view key = member.substr(0, equals);
    if (!is_key(key) || !is_value(member.substr(equals + 1))) return false;
    if (std::find(keys.begin(), keys.begin() + count, key) != keys.begin() + count) return false;
    keys[count++] = key;
    return true;
  }
};

}  // namespace

std::optional<Parent> parse_traceparent(std::string_view text) {
  if (text.size() < kParentBytes || !is_hex(text.substr(0, 2)) || text.starts_with("ff")) return std::nullopt;
  if (text.starts_with("00") ? text.size() != kParentBytes
                             : text.size() > kParentBytes && text[kParentBytes] != '-')
    return std::nullopt;
  if (text[kTraceAt - 1] != '-' || text[kSpanAt - 1] != '-' || text[kFlagsAt - 1] != '-') return std::nullopt;
  Parent parent;
  const std::string_view trace = text.substr(kTraceAt, parent.trace.size());
  const std::string_view span = text.substr(kSpanAt, parent.span.size());
  if (!is_id(trace) || !is_id(span) || !is_hex(text.substr(kFlagsAt, 2))) return std::nullopt;
  std::memcpy(parent.trace.data(), trace.data(), trace.size());
  std::memcpy(parent.span.data(), span.data(), span.size());
  parent.sampled = (hex_value(text[kFlagsAt + 1]) & 1) != 0;
  return parent;
}

std::optional<Parent> find_parent(const http::Fields& fields) {
  if (fields.count(http::FieldName::traceparent) != 1) return std::nullopt;
  return parse_traceparent(fields.find(http::FieldName::traceparent)->value);
}

bool has_good_state(const http::Fields& fields) {
  State state;
  std::size_t bytes = 0;
  for (const http::Field& field : fields) {
    if (field.id != http::FieldName::tracestate || field.dropped) continue;
    bytes += field.value.size() + (bytes != 0 ? 1 : 0);
    if (bytes > kStateBytes) return false;
    for (std::string_view rest = field.value;;) {
      const std::size_t comma = rest.find(',');
      if (!state.add(rest.substr(0, comma))) return false;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return state.count != 0;
}

// The first digit differs, and is not zero.
SpanId derive(const SpanId& id) {
  SpanId other = id;
  char& digit = other[0];
  digit = digit == '1' ? '2' : '1';
  return other;
}

void format_traceparent(char* to, const TraceId& trace, const SpanId& span, bool sampled) {
  std::memcpy(to, "00-", kTraceAt);
  std::memcpy(to + kTraceAt, trace.data(), trace.size());
  to[kSpanAt - 1] = '-';
  std::memcpy(to + kSpanAt, span.data(), span.size());
  std::memcpy(to + kFlagsAt - 1, sampled ? "-01" : "-00", 3);
}

// By its last 56 bits, which are random even where the beginning is a time.
bool is_in_share(const TraceId& trace, double share) {
  if (share >= 1.0) return true;
  std::uint64_t bits = 0;
  for (const char c : text_of(trace).substr(18)) bits = bits << 4 | static_cast<std::uint64_t>(hex_value(c));
  return static_cast<double>(bits) < share * static_cast<double>(std::uint64_t{1} << 56);
}

}  // namespace gw::trace
