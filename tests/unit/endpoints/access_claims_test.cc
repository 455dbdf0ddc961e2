// SPDX-License-Identifier: Apache-2.0
#include "endpoints/access_claims.h"

#include <gtest/gtest.h>

namespace gw::endpoints {
namespace {

auth::Account alice() {
  auth::Account account;
  account.subject = "users:1";
  account.id = "1";
  account.username = "alice";
  account.email = "alice@example.com";
  account.roles = {"clerk", "admin"};
  account.attributes =
      json::Object{{"tenant", "acme"}, {"address", json::Object{{"city", "Bern"}}}, {"level", 7}};
  return account;
}

json::Value claims_of(const auth::Account& account, jose::ClaimNames names) {
  jose::TokenOptions options;
  options.claims = std::move(names);
  json::Value claims = json::Object{};
  add_account_claims(claims, options, account);
  return claims;
}

TEST(AccessClaims, TheStandardOnesAreThoseOfTheContract) {
  jose::TokenOptions options;
  options.issuer = "https://api.example.com";
  const json::Value claims = make_standard_claims(
      options,
      {.subject = "users:1", .session_id = "s", .token_id = "t", .issued_at = 1000, .lifetime = 900});
  EXPECT_EQ(
      json::dump(claims),
      R"({"iss":"https://api.example.com","aud":"api","sub":"users:1","exp":1900,"iat":1000,"nbf":1000,)"
      R"("jti":"t","sid":"s"})");
}

TEST(AccessClaims, SeveralAudiencesAreAList) {
  jose::TokenOptions options;
  options.audience = {"api", "shop"};
  EXPECT_EQ(json::dump(*make_standard_claims(options, {}).find("aud")), R"(["api","shop"])");
}

TEST(AccessClaims, TheConfigurationNamesWhatIsTakenFromTheAccount) {
  EXPECT_EQ(json::dump(claims_of(alice(), {{"email", "email"},
                                           {"login", "username"},
                                           {"roles", "roles"},
                                           {"tenant", "attributes.tenant"},
                                           {"city", "attributes.address.city"},
                                           {"level", "attributes.level"}})),
            R"({"email":"alice@example.com","login":"alice","roles":["clerk","admin"],"tenant":"acme",)"
            R"("city":"Bern","level":7})");
}

TEST(AccessClaims, WhatTheAccountHasNotGivesNoClaim) {
  auth::Account nobody;
  nobody.attributes = nullptr;
  EXPECT_EQ(json::dump(
                claims_of(nobody, {{"email", "email"}, {"roles", "roles"}, {"tenant", "attributes.tenant"}})),
            "{}");
}

TEST(AccessClaims, TheAccountCannotSayAStandardClaim) {
  jose::TokenOptions options;
  options.claims = {
      {"sub", "attributes.tenant"}, {"exp", "attributes.level"}, {"aud", "name"}, {"iss", "email"}};
  json::Value claims = make_standard_claims(
      options,
      {.subject = "users:1", .session_id = "s", .token_id = "t", .issued_at = 1000, .lifetime = 900});
  const json::Value before = claims;
  add_account_claims(claims, options, alice());
  EXPECT_EQ(json::dump(claims), json::dump(before));
}

TEST(AccessClaims, TheScopeOfAnAnswerIsWordsWhateverTheClaimIs) {
  EXPECT_EQ(scope_text(json::Object{{"scope", "read write"}}), "read write");
  EXPECT_EQ(scope_text(json::Object{{"scope", json::Array{"read", "write"}}}), "read write");
  EXPECT_EQ(scope_text(json::Object{}), "");
}

}  // namespace
}  // namespace gw::endpoints
