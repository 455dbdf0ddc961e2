// SPDX-License-Identifier: Apache-2.0
#include "jose/claims.h"

#include <algorithm>
#include <cmath>

namespace gw::jose {
namespace {

constexpr WallSeconds kEndOfYear9999 = 253402300799;

template <class Number>
std::optional<WallSeconds> read_time(const Number& value) {
  if (const auto seconds = value.as_int()) return std::clamp(*seconds, -kEndOfYear9999, kEndOfYear9999);
  const auto real = value.as_double();
  if (!real || !std::isfinite(*real)) return std::nullopt;
  const double limit = static_cast<double>(kEndOfYear9999);
  return static_cast<WallSeconds>(std::ceil(std::clamp(*real, -limit, limit)));
}

bool is_audience(const json::Value& value) {
  if (value.as_string() != nullptr) return true;
  const json::Array* list = value.as_array();
  return list != nullptr && std::all_of(list->begin(), list->end(),
                                        [](const json::Value& v) { return v.as_string() != nullptr; });
}

bool is_audience(const json::Raw& value) {
  return value.as_string() || value.for_each_string([](std::string_view) {});
}

// One member at a time, of either form of a payload.
class ClaimsReader {
 public:
  template <class Value, class Kept>
  std::optional<TokenFault> add(std::string_view name, const Value& value, Kept kept) {
    if (name.size() != 3) return std::nullopt;
    if (name == "exp" || name == "nbf" || name == "iat") {
      const auto time = read_time(value);
      if (!time) return TokenFault::time_not_number;
      (name == "exp" ? expires_at_ : name == "nbf" ? claims_.not_before : claims_.issued_at) = time;
    } else if (name == "aud") {
      if (!is_audience(value)) return TokenFault::claim_type;
      claims_.audience = kept;
    } else if (std::string_view* text = name == "iss"   ? &claims_.issuer
                                        : name == "sub" ? &claims_.subject
                                        : name == "jti" ? &claims_.token_id
                                        : name == "sid" ? &claims_.session_id
                                                        : nullptr) {
      const auto read = value.as_string();
      if (!read) return TokenFault::claim_type;
      *text = *read;
    }
    return std::nullopt;
  }

  Result<Claims, TokenFault> finish() {
    if (!expires_at_) return TokenFault::expiry_missing;
    claims_.expires_at = *expires_at_;
    return claims_;
  }

 private:
  Claims claims_;
  std::optional<WallSeconds> expires_at_;
};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  const auto separates = [&](char c) { return separators.find(c) != std::string_view::npos; };
  words.reserve(1 + static_cast<std::size_t>(std::count_if(text.begin(), text.end(), separates)));
  for (std::size_t at = text.find_first_not_of(separators); at != std::string_view::npos;) {
    const std::size_t end = text.find_first_of(separators, at);
    words.emplace_back(text.substr(at, end == std::string_view::npos ? end : end - at));
    at = text.find_first_not_of(separators, end);
  }
  return words;
}

}  // namespace

bool Claims::is_meant_for(const std::vector<std::string>& audiences) const {
  bool is_meant = false;
  const auto look_at = [&](std::string_view named) {
    is_meant = is_meant || std::find(audiences.begin(), audiences.end(), named) != audiences.end();
  };
  if (const auto* raw = std::get_if<json::Raw>(&audience)) {
    if (const auto text = raw->as_string())
      look_at(*text);
    else
      raw->for_each_string(look_at);
  } else if (const auto* value = std::get_if<const json::Value*>(&audience)) {
    for (const std::string_view named : read_words(*value, {})) look_at(named);
  }
  return is_meant;
}

Result<Claims, TokenFault> read_claims(const json::Value& payload) {
  ClaimsReader reader;
  for (const auto& [name, value] : *payload.as_object())
    if (const auto fault = reader.add(name, value, &value)) return *fault;
  return reader.finish();
}

Result<Claims, TokenFault> read_claims(const json::Outline& payload) {
  ClaimsReader reader;
  for (const json::Outline::Member& member : payload.members()) {
    const json::Raw value = payload.value(member);
    if (const auto fault = reader.add(payload.name(member), value, value)) return *fault;
  }
  return reader.finish();
}

std::vector<std::string_view> read_words(const json::Value* claim, std::string_view separators) {
  if (claim == nullptr) return {};
  if (const std::string* text = claim->as_string()) return split(*text, separators);
  std::vector<std::string_view> words;
  const json::Array* list = claim->as_array();
  if (list == nullptr) return words;
  words.reserve(list->size());
  for (const json::Value& element : *list)
    if (const std::string* word = element.as_string()) words.emplace_back(*word);
  return words;
}

std::optional<std::vector<std::string_view>> read_words(std::optional<json::Raw> claim,
                                                        std::string_view separators) {
  std::vector<std::string_view> words;
  if (!claim) return words;
  if (const auto text = claim->as_string()) return split(*text, separators);
  if (!claim->is_list()) return words;
  std::size_t count = 0;
  if (!claim->for_each_string([&](std::string_view) { ++count; })) return std::nullopt;
  words.reserve(count);
  claim->for_each_string([&](std::string_view word) { words.push_back(word); });
  return words;
}

}  // namespace gw::jose
