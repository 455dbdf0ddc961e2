// SPDX-License-Identifier: Apache-2.0
// A compact JWT (RFC 7515 section 7.1, RFC 7519) taken apart by a ladder of checks, each with its own fault.
// Nothing here says that a token is genuine: that is the signature's part, and the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "jose/algorithm.h"

namespace gw::jose {

inline constexpr std::size_t kMaxTokenBytes = 16 * 1024;

enum class TokenFault : std::uint8_t {
  too_long,
  not_three_parts,
  not_base64url,
  header_not_json,
  header_not_object,
  algorithm_missing,  // no `alg`, or it is no text
  header_field_type,  // `kid` or `typ` is no text
  critical_header,    // `crit` (RFC 7515 section 4.1.11): we know no extension
  unencoded_payload,  // `b64` (RFC 7797)
  payload_not_json,
  payload_not_object,
  expiry_missing,
  time_not_number,  // `exp`, `nbf` or `iat` is no finite number
  claim_type,       // `iss`, `sub`, `jti`, `sid` is no text, or `aud` neither a text nor a list of texts
};
std::string_view describe(TokenFault fault);  // for the log

struct Header {
  std::optional<Algorithm> algorithm;  // nothing: a name that we do not know, such as "none"
  bool has_kid = false;
  std::string kid;
  std::string type;  // `typ` in lower case without "application/"; empty when missing
};

// Views of the token's text.
struct TokenParts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;      // may be empty
  std::string_view signing_input;  // header.payload
};

struct Token {
  TokenParts parts;
  Header header;
  json::Value payload;    // an object
  std::string signature;  // decoded
};

Result<TokenParts, TokenFault> split_token(std::string_view text);
Result<Header, TokenFault> parse_header(std::string_view encoded);
Result<json::Value, TokenFault> parse_payload(std::string_view encoded);
Result<json::Value, TokenFault> parse_payload_text(std::string_view text);
// All of it.
Result<Token, TokenFault> parse_token(std::string_view text);

// RFC 7515 section 4.1.9: a type without a slash means "application/" before it; media types have no case.
std::string normalise_type(std::string_view type);

}  // namespace gw::jose
