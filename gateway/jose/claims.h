// SPDX-License-Identifier: Apache-2.0
// The registered claims of a payload (RFC 7519 section 4.1), each of the type that it must have.
// Views into the payload, which must outlive them and not change.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_outline.h"
#include "base/result.h"
#include "jose/token.h"

namespace gw::jose {

// Seconds since 1970, a fraction rounded up, so that `now >= expires_at` says the same as with the fraction.
// What is beyond the year 9999 is that year's end.
struct Claims {
  std::string_view issuer;
  std::string_view subject;
  std::string_view token_id;    // `jti`
  std::string_view session_id;  // `sid`
  // A text or a list of texts.
  std::variant<std::monostate, const json::Value*, json::Raw> audience;
  WallSeconds expires_at = 0;
  std::optional<WallSeconds> not_before;
  std::optional<WallSeconds> issued_at;

  bool is_meant_for(const std::vector<std::string>& audiences) const;  // any of them, to the letter
};

Result<Claims, TokenFault> read_claims(const json::Value& payload);  // REQUIRES: an object
Result<Claims, TokenFault> read_claims(const json::Outline& payload);

// A list of words as tokens carry them: a JSON list of texts, or one text split at the separators.
// Elements that are no texts are passed over. Views into the claim.
std::vector<std::string_view> read_words(const json::Value* claim, std::string_view separators);
// Nothing when there are elements that are no texts.
std::optional<std::vector<std::string_view>> read_words(std::optional<json::Raw> claim,
                                                        std::string_view separators);

}  // namespace gw::jose
