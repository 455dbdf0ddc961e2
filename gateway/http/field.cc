// SPDX-License-Identifier: Apache-2.0
#include "http/field.h"

#include <algorithm>
#include <array>

#include "http/scan.h"

namespace gw::http {
namespace {

// In the order of the enum, `other` first.
constexpr std::array<std::string_view, 37> kSpellings{
    "",
    "Accept",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Forwarded",
    "Host",
    "HTTP2-Settings",
    "Keep-Alive",
    "Location",
    "Origin",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Server",
    "Set-Cookie",
    "TE",
    "Traceparent",
    "Tracestate",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "WWW-Authenticate",
    "X-Content-Type-Options",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "X-Request-Id",
};
static_assert(static_cast<std::size_t>(FieldName::x_request_id) + 1 == kSpellings.size());

constexpr auto kFolded = [] {
  std::array<std::uint32_t, kSpellings.size()> folded{};
  for (std::size_t i = 0; i < folded.size(); ++i) folded[i] = scan_name(kSpellings[i]).folded;
  return folded;
}();

// A perfect hash over the known names: the first multiplier without a collision is searched by the compiler.
constexpr unsigned kSlotBits = 8;
struct Slots {
  std::uint32_t multiplier = 0;
  std::array<std::uint8_t, 1u << kSlotBits> name{};
};
constexpr std::size_t slot_of(std::uint32_t folded, std::uint32_t multiplier) {
  return (folded * multiplier) >> (32 - kSlotBits);
}
constexpr bool fill(Slots& slots, std::uint32_t multiplier) {
  slots = {};
  slots.multiplier = multiplier;
  for (std::size_t i = 1; i < kSpellings.size(); ++i) {
    std::uint8_t& slot = slots.name[slot_of(kFolded[i], multiplier)];
    if (slot != 0) return false;
    slot = static_cast<std::uint8_t>(i);
  }
  return true;
}
constexpr Slots kSlots = [] {
  Slots slots;
  std::uint32_t multiplier = 1;
  while (!fill(slots, multiplier)) multiplier += 2;
  return slots;
}();

FieldName known_name(std::string_view name, std::uint32_t folded) {
  const std::uint8_t id = kSlots.name[slot_of(folded, kSlots.multiplier)];
  return equal_without_case(kSpellings[id], name) ? static_cast<FieldName>(id) : FieldName::other;
}

}  // namespace

char fold_name_byte(char c) {
  return folded_byte(c);
}

std::uint32_t folded_hash(std::string_view name) {
  std::uint32_t hash = 0;
  for (const char c : name) hash = hash_step(hash, folded_byte(c));
  return hash_end(hash);
}

bool folds_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (folded_byte(a[i]) != folded_byte(b[i])) return false;
  return true;
}

FieldName field_name_of(std::string_view name) {
  return known_name(name, folded_hash(name));
}
FieldName field_name_of(std::string_view name, std::uint32_t folded) {
  return known_name(name, folded);
}

std::string_view spelling_of(FieldName name) {
  return kSpellings[static_cast<std::size_t>(name)];
}

void Fields::add(std::string_view name, std::string_view value) {
  const std::uint32_t folded = folded_hash(name);
  list_.push_back({name, value, folded, known_name(name, folded), false});
}

void Fields::add(FieldName name, std::string_view value) {
  const auto i = static_cast<std::size_t>(name);
  list_.push_back({kSpellings[i], value, kFolded[i], name, false});
}

const Field* Fields::find(FieldName name) const {
  for (const Field& field : list_)
    if (field.id == name && !field.dropped) return &field;
  return nullptr;
}

const Field* Fields::find(std::string_view name) const {
  const std::uint32_t folded = folded_hash(name);
  for (const Field& field : list_)
    if (field.folded == folded && !field.dropped && equal_without_case(field.name, name)) return &field;
  return nullptr;
}

std::size_t Fields::count(FieldName name) const {
  std::size_t found = 0;
  for (const Field& field : list_) found += field.id == name && !field.dropped;
  return found;
}

void Fields::drop(FieldName name) {
  for (Field& field : list_)
    if (field.id == name) field.dropped = true;
}

void Fields::drop(std::string_view name) {
  const std::uint32_t folded = folded_hash(name);
  for (Field& field : list_)
    if (field.folded == folded && equal_without_case(field.name, name)) field.dropped = true;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  return a == b ||  // as most are
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool list_contains(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (equal_without_case(trim_blanks(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace gw::http
