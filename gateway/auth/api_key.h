// SPDX-License-Identifier: Apache-2.0
// API keys: "gwk_", the id of the key (8 characters), "_", a secret (32) and 6 check digits, all of base62. A
// typing error is told without asking anybody; what is kept is the SHA-256 of the whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"

namespace gw::auth {

inline constexpr std::string_view kApiKeyPrefix = "gwk_";

struct NewApiKey {
  std::string id;
  SecretString text;  // shown once
  std::string hash;
};
NewApiKey make_api_key();

// The id in a key whose form and check digits are right.
std::optional<std::string_view> find_api_key_id(std::string_view text);
std::string hash_api_key(std::string_view text);

// What is kept of a key; `value` of its record.
struct ApiKeyFacts {
  std::string hash;
  std::string name;
  std::vector<std::string> scopes, roles;
  WallSeconds created_at = 0;
};
std::string format_api_key(const ApiKeyFacts& facts);
std::optional<ApiKeyFacts> parse_api_key(std::string_view value);

}  // namespace gw::auth
