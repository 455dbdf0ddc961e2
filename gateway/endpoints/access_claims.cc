// SPDX-License-Identifier: Apache-2.0
#include "endpoints/access_claims.h"

#include <algorithm>
#include <array>

#include "auth/identity.h"
#include "jose/claims.h"

namespace gw::endpoints {
namespace {

constexpr std::array<std::string_view, 8> kStandardClaims{"iss", "aud", "sub", "exp",
                                                          "iat", "nbf", "jti", "sid"};

json::Array to_json(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

// The account as the paths of `tokens.claims` see it.
json::Value describe(const auth::Account& account) {
  return json::Object{
      {"subject", account.subject},      {"id", account.id},     {"username", account.username},
      {"email", account.email},          {"name", account.name}, {"roles", to_json(account.roles)},
      {"attributes", account.attributes}};
}

bool is_empty(const json::Value& value) {
  if (value.is_null()) return true;
  if (const std::string* text = value.as_string()) return text->empty();
  const json::Array* list = value.as_array();
  return list != nullptr && list->empty();
}

}  // namespace

WallSeconds access_lifetime(const jose::TokenOptions& options) {
  return std::chrono::ceil<std::chrono::seconds>(options.access_ttl).count();
}

json::Value make_standard_claims(const jose::TokenOptions& options, const TokenFacts& facts) {
  json::Value audience = to_json(options.audience);
  if (options.audience.size() == 1) audience = options.audience.front();
  return json::Object{{"iss", options.issuer},  {"aud", std::move(audience)},
                      {"sub", facts.subject},   {"exp", facts.issued_at + facts.lifetime},
                      {"iat", facts.issued_at}, {"nbf", facts.issued_at},
                      {"jti", facts.token_id},  {"sid", facts.session_id}};
}

bool is_standard_claim(std::string_view name) {
  return std::find(kStandardClaims.begin(), kStandardClaims.end(), name) != kStandardClaims.end();
}

bool is_reserved_claim(std::string_view name) {
  return is_standard_claim(name) || name == "cnf";
}

void add_account_claims(json::Value& claims, const jose::TokenOptions& options,
                        const auth::Account& account) {
  const json::Value known = describe(account);
  for (const auto& [name, path] : options.claims) {
    const json::Value* value = auth::find_by_path(known, path);
    if (value != nullptr && !is_empty(*value) && !is_reserved_claim(name)) claims.set(name, *value);
  }
}

std::string scope_text(const json::Value& claims) {
  std::string text;
  for (const std::string_view scope : jose::read_words(claims.find("scope"), " ")) {
    if (!text.empty()) text += ' ';
    text += scope;
  }
  return text;
}

}  // namespace gw::endpoints
