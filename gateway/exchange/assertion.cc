// SPDX-License-Identifier: Apache-2.0
#include "exchange/assertion.h"

#include <algorithm>
#include <array>
#include <functional>

namespace gw::exchange {
namespace {

// What only the gateway says.
constexpr std::array<std::string_view, 8> kOwnClaims{"iss", "aud", "exp", "iat", "nbf", "jti", "htm", "htu"};

std::string join(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

json::Value value_of(const auth::Identity& identity, std::string_view name) {
  if (name == "sub") return identity.subject.empty() ? json::Value() : json::Value(identity.subject);
  if (name == "roles") {
    if (identity.roles.empty()) return {};
    return json::Array(identity.roles.begin(), identity.roles.end());
  }
  if (const auto text = identity.find_text(name)) return *text;
  if (const json::Value* claim = identity.find_claim(name)) return *claim;
  if (name == "scope" && !identity.scopes.empty()) return join(identity.scopes);
  return {};
}

}  // namespace

AssertionMinter::AssertionMinter(const auth::SigningKey& key, std::string issuer)
    : signer_(key), issuer_(std::move(issuer)) {}

Result<std::string_view> AssertionMinter::mint(const auth::IdentityRef& identity,
                                               const policy::IdentityHeaders& options,
                                               const AssertionUse& use, WallSeconds now) {
  Slot& slot = slot_of(*identity, use);
  const bool is_known = slot.identity.get() == identity.get() && slot.options == &options &&
                        slot.audience == use.audience && slot.method == use.method && slot.path == use.path;
  if (is_known && now < slot.renew_at) return std::string_view(slot.token);

  const policy::AssertionOptions& assertion = *options.assertion();
  const WallSeconds life = std::chrono::ceil<std::chrono::seconds>(assertion.ttl).count();
  // Not past the end of the token that it stands for, where that end is still to come.
  const WallSeconds until = std::min(now + life, std::max(identity->expires_at, now + 1));
  json::Value claims(json::Object{{"iss", issuer_},
                                  {"aud", use.audience},
                                  {"iat", now},
                                  {"exp", until},
                                  {"htm", use.method},
                                  {"htu", use.path}});
  if (!identity->subject.empty()) claims.set("sub", identity->subject);
  claims.set("idp", identity->issuer);
  for (const policy::IdentityHeader& header : options.headers()) {
    if (std::find(kOwnClaims.begin(), kOwnClaims.end(), header.claim) != kOwnClaims.end()) continue;
    json::Value value = value_of(*identity, header.claim);
    if (!value.is_null()) claims.set(header.claim, std::move(value));
  }
  auto token = signer_.mint(claims, kAssertionType);
  if (!token) return token.error();
  slot = {identity,
          &options,
          std::string(use.audience),
          std::string(use.method),
          std::string(use.path),
          std::move(*token),
          std::min(now + std::max<WallSeconds>(life / 2, 1), until)};
  return std::string_view(slot.token);
}

AssertionMinter::Slot& AssertionMinter::slot_of(const auth::Identity& identity, const AssertionUse& use) {
  if (slots_.empty()) slots_.resize(kSlots);
  const std::hash<std::string_view> hash;
  const std::size_t mixed = std::hash<const void*>{}(&identity) * 31 + hash(use.path) * 17 +
                            hash(use.method) * 7 + hash(use.audience);
  return slots_[(mixed ^ mixed >> 17) % kSlots];
}

}  // namespace gw::exchange
