// SPDX-License-Identifier: Apache-2.0
#include "auth/identity.h"

#include <gtest/gtest.h>

namespace gw::auth {
namespace {

using List = std::vector<std::string>;

IdentityRef identity_of(std::string_view payload_text, const jose::ClaimNames& names = {}) {
  auto payload = json::parse(payload_text);
  if (!payload) ADD_FAILURE() << payload.error();
  const auto claims = jose::read_claims(*payload);
  if (!claims) ADD_FAILURE() << payload_text;
  return make_identity("corp", *claims, std::move(*payload), names);
}

TEST(Identity, HasTheFactsOfTheToken) {
  const auto identity = identity_of(
      R"({"iss":"https://corp.example","sub":"7","sid":"s","jti":"j","exp":30,"iat":10,"nbf":20,"email":"a@b"})");
  EXPECT_EQ(identity->issuer_name, "corp");
  EXPECT_EQ(identity->issuer, "https://corp.example");
  EXPECT_EQ(identity->subject, "7");
  EXPECT_EQ(identity->session_id, "s");
  EXPECT_EQ(identity->token_id, "j");
  EXPECT_EQ(identity->expires_at, 30);
  EXPECT_EQ(identity->issued_at, 10);
  EXPECT_EQ(identity->not_before, 20);
  EXPECT_EQ(*identity->find_claim("email"), json::Value("a@b"));
  EXPECT_EQ(identity->find_claim("name"), nullptr);
}

TEST(Identity, ReadsScopesFromEitherNameAndEitherForm) {
  EXPECT_EQ(identity_of(R"({"exp":1,"scope":"a b:c"})")->scopes, (List{"a", "b:c"}));
  EXPECT_EQ(identity_of(R"({"exp":1,"scope":["a","b c"]})")->scopes, (List{"a", "b c"}));
  EXPECT_EQ(identity_of(R"({"exp":1,"scp":["a"]})")->scopes, (List{"a"}));
  EXPECT_EQ(identity_of(R"({"exp":1,"scp":"a b"})")->scopes, (List{"a", "b"}));
  EXPECT_EQ(identity_of(R"({"exp":1,"scope":"a","scp":"b"})")->scopes, (List{"a"}));
  EXPECT_EQ(identity_of(R"({"exp":1,"scope":{"a":1}})")->scopes, List());
}

TEST(Identity, ReadsRolesFromAListOrASplitText) {
  EXPECT_EQ(identity_of(R"({"exp":1,"roles":["clerk,admin","b"]})")->roles, (List{"clerk,admin", "b"}));
  EXPECT_EQ(identity_of(R"({"exp":1,"roles":"clerk, admin"})")->roles, (List{"clerk", "admin"}));
  EXPECT_EQ(identity_of(R"({"exp":1})")->roles, List());
}

TEST(Identity, FindsClaimsByWholeNameFirstAndThenByPath) {
  const auto identity = identity_of(
      R"({"exp":1,"a.b":"whole","a":{"b":"path","c.d":{"e":1}},"https://x.example/roles":["r"],"t":"text"})");
  EXPECT_EQ(*identity->find_claim("a.b"), json::Value("whole"));
  EXPECT_EQ(*identity->find_claim("a.c.d.e"), json::Value(1));
  EXPECT_NE(identity->find_claim("https://x.example/roles"), nullptr);
  for (const char* path : {"a.x", "t.x", "a.", ".a", "", ".", "a..b", "a.c.d.e.f"})
    EXPECT_EQ(identity->find_claim(path), nullptr) << path;
}

TEST(Identity, HasRenamedClaimsBesideTheToken) {
  const auto identity = identity_of(R"({"exp":1,"sub":"7","realm_access":{"roles":["admin"]},"mail":"a@b"})",
                                    {{"roles", "realm_access.roles"}, {"email", "mail"}});
  EXPECT_EQ(identity->roles, List{"admin"});
  EXPECT_EQ(*identity->find_claim("email"), json::Value("a@b"));
  EXPECT_EQ(*identity->find_claim("mail"), json::Value("a@b"));
}

TEST(Identity, DoesNotTakeAClaimThatARenameReplaces) {
  const auto identity =
      identity_of(R"({"exp":1,"roles":["admin"],"sub":"7"})", {{"roles", "realm_access.roles"}});
  EXPECT_EQ(identity->roles, List());
  EXPECT_EQ(identity->find_claim("roles"), nullptr);
}

TEST(Identity, LetsTwoClaimsChangePlaces) {
  const auto identity = identity_of(R"({"exp":1,"a":1,"b":2})", {{"a", "b"}, {"b", "a"}});
  EXPECT_EQ(*identity->find_claim("a"), json::Value(2));
  EXPECT_EQ(*identity->find_claim("b"), json::Value(1));
}

TEST(Identity, TakesItsSubjectFromTheRenamedClaim) {
  EXPECT_EQ(identity_of(R"({"exp":1,"sub":"7","upn":"alice"})", {{"sub", "upn"}})->subject, "alice");
  EXPECT_EQ(identity_of(R"({"exp":1,"sub":"7"})", {{"sub", "upn"}})->subject, "");
}

}  // namespace
}  // namespace gw::auth

namespace gw::auth {
namespace {

std::string qualified(std::string_view claims, std::string_view pattern) {
  json::Value value = *json::parse(claims);
  qualify_subject(value, pattern, "corp", "https://idp");
  return json::dump(value);
}

TEST(Subject, IsQualifiedByAPattern) {
  EXPECT_EQ(qualified(R"({"sub":"a"})", ""), R"({"sub":"a"})");
  EXPECT_EQ(qualified(R"({"sub":"a"})", "{name}:{sub}"), R"({"sub":"corp:a"})");
  EXPECT_EQ(qualified(R"({"sub":"{iss}"})", "{iss}#{sub}!"), R"({"sub":"https://idp#{iss}!"})");
  EXPECT_EQ(qualified(R"({"x":1})", "{name}:{sub}"), R"({"x":1})");
  EXPECT_EQ(qualified(R"({"sub":7})", "{name}:{sub}"), R"({"sub":7})");
}

Confirmation confirmed(std::string_view claims) {
  return read_confirmation(*json::parse(claims));
}

TEST(Confirmation, IsWhatIsDemandedBesideTheToken) {
  EXPECT_TRUE(confirmed(R"({"sub":"a"})").empty());
  EXPECT_EQ(confirmed(R"({"cnf":{"jkt":"k"}})").key, "k");
  EXPECT_EQ(confirmed(R"({"cnf":{"x5t#S256":"c","jkt":"k"}})").certificate, "c");
  EXPECT_FALSE(confirmed(R"({"cnf":{"jkt":"k","more":1}})").is_unknown);
  for (const char* odd :
       {R"({"cnf":{}})", R"({"cnf":null})", R"({"cnf":"x"})", R"({"cnf":[]})", R"({"cnf":{"jkt":""}})",
        R"({"cnf":{"jkt":7}})", R"({"cnf":{"jkt":7,"x5t#S256":"c"}})", R"({"cnf":{"jkt":"k","x5t#S256":""}})",
        R"({"cnf":{"kid":"k"}})", R"({"cnf":{"jwk":{}}})"})
    EXPECT_TRUE(confirmed(odd).is_unknown) << odd;
}

}  // namespace
}  // namespace gw::auth
