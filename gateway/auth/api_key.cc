// SPDX-License-Identifier: Apache-2.0
#include "auth/api_key.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "auth/random_id.h"
#include "base/base64url.h"
#include "jose/digest.h"

namespace gw::auth {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kId = 8, kSecret = 32, kCheck = 6;
constexpr std::size_t kSize = kApiKeyPrefix.size() + kId + 1 + kSecret + kCheck;

std::string make_base62(std::size_t size) {
  constexpr unsigned kFair = 256 / 62 * 62;  // above it a byte would favour some characters
  std::string text;
  while (text.size() < size)
    for (const char byte : make_random_bytes(size))
      if (const auto value = static_cast<unsigned char>(byte); value < kFair && text.size() < size)
        text += kAlphabet[value % 62];
  return text;
}

// CRC-32 (IEEE 802.3), in base62.
std::string make_check(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  crc = ~crc;
  std::string check(kCheck, kAlphabet[0]);
  for (auto digit = check.rbegin(); digit != check.rend(); ++digit, crc /= 62) *digit = kAlphabet[crc % 62];
  return check;
}

json::Array to_json(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

std::vector<std::string> read_texts(const json::Value* list) {
  std::vector<std::string> texts;
  if (list == nullptr || list->as_array() == nullptr) return texts;
  for (const json::Value& text : *list->as_array())
    if (text.as_string() != nullptr) texts.push_back(*text.as_string());
  return texts;
}

}  // namespace

NewApiKey make_api_key() {
  NewApiKey made;
  made.id = make_base62(kId);
  std::string text = std::string(kApiKeyPrefix) + made.id + "_" + make_base62(kSecret);
  text += make_check(text);
  made.hash = hash_api_key(text);
  made.text = SecretString(std::move(text));
  return made;
}

std::optional<std::string_view> find_api_key_id(std::string_view text) {
  if (text.size() != kSize || !text.starts_with(kApiKeyPrefix)) return std::nullopt;
  const std::string_view id = text.substr(kApiKeyPrefix.size(), kId);
  if (text[kApiKeyPrefix.size() + kId] != '_') return std::nullopt;
  if (id.find_first_not_of(kAlphabet) != std::string_view::npos) return std::nullopt;
  if (text.substr(kSize - kCheck) != make_check(text.substr(0, kSize - kCheck))) return std::nullopt;
  return id;
}

std::string hash_api_key(std::string_view text) {
  return base64url_encode(jose::digest(jose::Hash::sha256, text).view());
}

std::string format_api_key(const ApiKeyFacts& facts) {
  return json::dump(json::Object{{"hash", facts.hash},
                                 {"name", facts.name},
                                 {"scopes", to_json(facts.scopes)},
                                 {"roles", to_json(facts.roles)},
                                 {"created_at", facts.created_at}});
}

std::optional<ApiKeyFacts> parse_api_key(std::string_view value) {
  const auto parsed = json::parse(value);
  const json::Value* hash = parsed ? parsed->find("hash") : nullptr;
  if (hash == nullptr || hash->as_string() == nullptr) return std::nullopt;
  ApiKeyFacts facts;
  facts.hash = *hash->as_string();
  if (const json::Value* name = parsed->find("name"); name != nullptr && name->as_string() != nullptr)
    facts.name = *name->as_string();
  if (const json::Value* at = parsed->find("created_at"); at != nullptr && at->as_int() != nullptr)
    facts.created_at = *at->as_int();
  facts.scopes = read_texts(parsed->find("scopes"));
  facts.roles = read_texts(parsed->find("roles"));
  return facts;
}

}  // namespace gw::auth
