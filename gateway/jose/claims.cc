// SPDX-License-Identifier: Apache-2.0
#include "jose/claims.h"

#include <algorithm>
#include <cmath>

namespace gw::jose {
namespace {

constexpr WallSeconds kEndOfYear9999 = 253402300799;

std::optional<WallSeconds> read_time(const json::Value& value) {
  if (const std::int64_t* seconds = value.as_int())
    return std::clamp(*seconds, -kEndOfYear9999, kEndOfYear9999);
  const double* real = value.as_double();
  if (real == nullptr || !std::isfinite(*real)) return std::nullopt;
  const double limit = static_cast<double>(kEndOfYear9999);
  return static_cast<WallSeconds>(std::ceil(std::clamp(*real, -limit, limit)));
}

bool read_text(const json::Value& value, std::string_view& out) {
  const std::string* text = value.as_string();
  if (text == nullptr) return false;
  out = *text;
  return true;
}

bool is_audience(const json::Value& value) {
  if (value.as_string() != nullptr) return true;
  const json::Array* list = value.as_array();
  return list != nullptr && std::all_of(list->begin(), list->end(),
                                        [](const json::Value& v) { return v.as_string() != nullptr; });
}

}  // namespace

bool Claims::is_meant_for(const std::vector<std::string>& audiences) const {
  if (audience == nullptr) return false;
  const auto is_ours = [&](const json::Value& value) {
    return std::find(audiences.begin(), audiences.end(), *value.as_string()) != audiences.end();
  };
  const json::Array* list = audience->as_array();
  return list == nullptr ? is_ours(*audience) : std::any_of(list->begin(), list->end(), is_ours);
}

Result<Claims, TokenFault> read_claims(const json::Value& payload) {
  Claims claims;
  std::optional<WallSeconds> expires_at;
  for (const auto& [name, value] : *payload.as_object()) {
    if (name.size() != 3) continue;
    if (name == "exp" || name == "nbf" || name == "iat") {
      const auto time = read_time(value);
      if (!time) return TokenFault::time_not_number;
      (name == "exp" ? expires_at : name == "nbf" ? claims.not_before : claims.issued_at) = time;
    } else if (name == "aud") {
      if (!is_audience(value)) return TokenFault::claim_type;
      claims.audience = &value;
    } else if (std::string_view* text = name == "iss"   ? &claims.issuer
                                        : name == "sub" ? &claims.subject
                                        : name == "jti" ? &claims.token_id
                                        : name == "sid" ? &claims.session_id
                                                        : nullptr) {
      if (!read_text(value, *text)) return TokenFault::claim_type;
    }
  }
  if (!expires_at) return TokenFault::expiry_missing;
  claims.expires_at = *expires_at;
  return claims;
}

std::vector<std::string> read_words(const json::Value* claim, std::string_view separators) {
  std::vector<std::string> words;
  if (claim == nullptr) return words;
  if (const json::Array* list = claim->as_array()) {
    words.reserve(list->size());
    for (const json::Value& element : *list)
      if (element.as_string() != nullptr) words.push_back(*element.as_string());
    return words;
  }
  if (claim->as_string() == nullptr) return words;
  const std::string_view text = *claim->as_string();
  const auto separates = [&](char c) { return separators.find(c) != std::string_view::npos; };
  words.reserve(1 + static_cast<std::size_t>(std::count_if(text.begin(), text.end(), separates)));
  for (std::size_t at = text.find_first_not_of(separators); at != std::string_view::npos;) {
    const std::size_t end = text.find_first_of(separators, at);
    words.emplace_back(text.substr(at, end == std::string_view::npos ? end : end - at));
    at = text.find_first_not_of(separators, end);
  }
  return words;
}

}  // namespace gw::jose
