// SPDX-License-Identifier: Apache-2.0
#include "jose/payload.h"

#include <utility>

#include "base/base64url.h"

namespace gw::jose {

std::optional<TokenFault> Payload::read(std::string_view encoded) {
  text_.clear();
  if (!base64url_decode_to(encoded, text_)) return TokenFault::not_base64url;
  outline_ = json::read_outline(text_, room_);
  if (!outline_) {
    auto value = parse_payload_text(text_);
    if (!value) return value.error();
    value_ = std::move(*value);
  }
  auto claims = outline_ ? read_claims(*outline_) : read_claims(value_);
  if (!claims) return claims.error();
  claims_ = std::move(*claims);
  return std::nullopt;
}

json::Value Payload::take_value() {
  return outline_ ? *parse_payload_text(text_) : std::exchange(value_, {});
}

}  // namespace gw::jose
