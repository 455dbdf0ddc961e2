// SPDX-License-Identifier: Apache-2.0
// A token's payload: an outline where that will do, as building values takes longer than an HMAC. One is read
// after the other, without memory that is new.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/json_outline.h"
#include "jose/claims.h"
#include "jose/token.h"

namespace gw::jose {

class Payload {
 public:
  Payload() = default;
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;

  // From base64url. The faults of parse_payload() and of read_claims().
  std::optional<TokenFault> read(std::string_view encoded);

  // Of the last that was read without a fault; views that are valid until the next.
  const Claims& claims() const { return claims_; }
  // Nothing for a payload that is not simple.
  const std::optional<json::Outline>& outline() const { return outline_; }
  // As values. Once for each that was read.
  json::Value take_value();

 private:
  std::string text_;
  std::array<json::Outline::Member, json::Outline::kMaxMembers> room_;
  std::optional<json::Outline> outline_;
  json::Value value_;  // only without an outline
  Claims claims_;
};

}  // namespace gw::jose
