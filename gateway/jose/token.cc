// SPDX-License-Identifier: Apache-2.0
#include "jose/token.h"

#include <algorithm>

#include "base/base64url.h"

namespace gw::jose {
namespace {

constexpr json::Limits kTokenLimits{.bytes = kMaxTokenBytes, .depth = 32, .values = 4096};

// The text of an optional member; false when it is there and no text.
bool read_text(const json::Value& header, std::string_view name, std::string& out) {
  const json::Value* member = header.find(name);
  if (member == nullptr) return true;
  if (member->as_string() == nullptr) return false;
  out = *member->as_string();
  return true;
}

}  // namespace

std::string_view describe(TokenFault fault) {
  switch (fault) {
    case TokenFault::too_long:
      return "the token is longer than 16 KiB";
    case TokenFault::not_three_parts:
      return "the token does not have three parts";
    case TokenFault::not_base64url:
      return "a part of the token is not base64url";
    case TokenFault::header_not_json:
      return "the header is not JSON";
    case TokenFault::header_not_object:
      return "the header is no object";
    case TokenFault::algorithm_missing:
      return "the header has no `alg` that is a text";
    case TokenFault::header_field_type:
      return "the header's `kid` or `typ` is no text";
    case TokenFault::critical_header:
      return "the header has `crit`";
    case TokenFault::unencoded_payload:
      return "the header has `b64`";
    case TokenFault::payload_not_json:
      return "the payload is not JSON";
    case TokenFault::payload_not_object:
      return "the payload is no object";
    case TokenFault::expiry_missing:
      return "the token has no `exp`";
    case TokenFault::time_not_number:
      return "`exp`, `nbf` or `iat` is no finite number";
    case TokenFault::claim_type:
      return "`iss`, `sub`, `aud`, `jti` or `sid` is of the wrong type";
  }
  return {};
}

Result<TokenParts, TokenFault> split_token(std::string_view text) {
  if (text.size() > kMaxTokenBytes) return TokenFault::too_long;
  const std::size_t first = text.find('.');
  if (first == std::string_view::npos) return TokenFault::not_three_parts;
  const std::size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return TokenFault::not_three_parts;
  if (text.find('.', second + 1) != std::string_view::npos) return TokenFault::not_three_parts;
  return TokenParts{.header = text.substr(0, first),
                    .payload = text.substr(first + 1, second - first - 1),
                    .signature = text.substr(second + 1),
                    .signing_input = text.substr(0, second)};
}

Result<Header, TokenFault> parse_header(std::string_view encoded) {
  const auto text = base64url_decode(encoded);
  if (!text) return TokenFault::not_base64url;
  const auto document = json::parse(*text, kTokenLimits);
  if (!document) return TokenFault::header_not_json;
  if (document->as_object() == nullptr) return TokenFault::header_not_object;
  if (document->find("crit") != nullptr) return TokenFault::critical_header;
  if (document->find("b64") != nullptr) return TokenFault::unencoded_payload;

  const json::Value* algorithm = document->find("alg");
  if (algorithm == nullptr || algorithm->as_string() == nullptr) return TokenFault::algorithm_missing;
  Header header;
  header.algorithm = parse_algorithm(*algorithm->as_string());
  header.has_kid = document->find("kid") != nullptr;
  std::string type;
  if (!read_text(*document, "kid", header.kid) || !read_text(*document, "typ", type))
    return TokenFault::header_field_type;
  header.type = normalise_type(type);
  return header;
}

Result<json::Value, TokenFault> parse_payload(std::string_view encoded) {
  const auto text = base64url_decode(encoded);
  if (!text) return TokenFault::not_base64url;
  return parse_payload_text(*text);
}

Result<json::Value, TokenFault> parse_payload_text(std::string_view text) {
  auto document = json::parse(text, kTokenLimits);
  if (!document) return TokenFault::payload_not_json;
  if (document->as_object() == nullptr) return TokenFault::payload_not_object;
  return std::move(*document);
}

Result<Token, TokenFault> parse_token(std::string_view text) {
  const auto parts = split_token(text);
  if (!parts) return parts.error();
  auto header = parse_header(parts->header);
  if (!header) return header.error();
  auto payload = parse_payload(parts->payload);
  if (!payload) return payload.error();
  auto signature = base64url_decode(parts->signature);
  if (!signature) return TokenFault::not_base64url;
  return Token{*parts, std::move(*header), std::move(*payload), std::move(*signature)};
}

std::string normalise_type(std::string_view type) {
  constexpr std::string_view kApplication = "application/";
  std::string lower(type);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  if (lower.starts_with(kApplication) && lower.find('/', kApplication.size()) == std::string::npos)
    lower.erase(0, kApplication.size());
  return lower;
}

}  // namespace gw::jose
