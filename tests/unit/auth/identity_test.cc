// SPDX-License-Identifier: Apache-2.0
#include "auth/identity.h"

#include <gtest/gtest.h>

#include <array>

namespace gw::auth {
namespace {

using List = std::vector<std::string_view>;

IdentityRef identity_of_values(std::string_view payload_text, const jose::ClaimNames& names = {}) {
  auto payload = json::parse(payload_text);
  if (!payload) ADD_FAILURE() << payload.error();
  const auto claims = jose::read_claims(*payload);
  if (!claims) ADD_FAILURE() << payload_text;
  return make_identity("corp", *claims, std::move(*payload), names);
}

// Null for a payload that is not simple.
IdentityRef identity_of_outline(std::string_view payload_text) {
  const std::string text(payload_text);
  std::array<json::Outline::Member, json::Outline::kMaxMembers> room;
  const auto outline = json::read_outline(text, room);
  if (!outline) return {};
  const auto claims = jose::read_claims(*outline);
  if (!claims) ADD_FAILURE() << payload_text;
  return make_identity("corp", *claims, *outline);
}

void expect_same(const Identity& a, const Identity& b) {
  EXPECT_EQ(a.issuer_name, b.issuer_name);
  EXPECT_EQ(a.issuer, b.issuer);
  EXPECT_EQ(a.subject, b.subject);
  EXPECT_EQ(a.session_id, b.session_id);
  EXPECT_EQ(a.token_id, b.token_id);
  EXPECT_EQ(a.expires_at, b.expires_at);
  EXPECT_EQ(a.issued_at, b.issued_at);
  EXPECT_EQ(a.not_before, b.not_before);
  EXPECT_EQ(a.confirmation.key, b.confirmation.key);
  EXPECT_EQ(a.confirmation.certificate, b.confirmation.certificate);
  EXPECT_EQ(a.confirmation.is_unknown, b.confirmation.is_unknown);
  EXPECT_EQ(a.scopes, b.scopes);
  EXPECT_EQ(a.roles, b.roles);
  EXPECT_EQ(a.claims(), b.claims());
}

// Made both ways, where there are two.
IdentityRef identity_of(std::string_view payload_text, const jose::ClaimNames& names = {}) {
  const IdentityRef made = identity_of_values(payload_text, names);
  if (names.empty())
    if (const IdentityRef other = identity_of_outline(payload_text)) expect_same(*made, *other);
  return made;
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

TEST(Identity, IsTheSameFromAnOutlineAndFromValues) {
  for (
      const char* payload :
      {R"({"iss":"i","sub":"s","jti":"j","sid":"d","exp":30.5,"nbf":1,"iat":2,"aud":"x","scope":"a b","roles":"r, t"})",
       R"({"exp":1,"sub":"","scope":"","roles":[]})",
       R"({"exp":1,"scope":"  a   b ","roles":["a","a b",""]})",
       R"({"exp":1e300,"nbf":-5,"scp":["x","y"],"roles":{"a":1}})", R"({"exp":1,"scope":null,"scp":"a"})",
       R"({"exp":1,"cnf":{"jkt":"k","x5t#S256":"c"}})", R"({"exp":1,"cnf":{"jkt":""}})",
       R"({"exp":1,"cnf":[]})", R"({"exp":1,"cnf":{"jkt":7}})", R"({"exp":1,"cnf":{}})",
       R"({"exp":1,"cnf":null})", R"({"exp":1,"cnf":"k"})", R"({"exp":1,"cnf":{"jwk":{}}})",
       "{\"exp\":1,\"sub\":\"\xc3\xa9\",\"roles\":[\"\xc3\xa9\"]}"}) {
    const IdentityRef outlined = identity_of_outline(payload);
    ASSERT_TRUE(outlined) << payload;
    expect_same(*identity_of_values(payload), *outlined);
  }
}

TEST(Identity, IsOfValuesWhenAListHasOtherThanTexts) {
  for (const char* payload : {R"({"exp":1,"roles":["a",1]})", R"({"exp":1,"scope":[null,"b"]})",
                              R"({"exp":1,"roles":[["a"]]})", R"({"exp":1,"sub":"\u0061"})"})
    EXPECT_FALSE(identity_of_outline(payload)) << payload;
  EXPECT_EQ(identity_of(R"({"exp":1,"roles":["a",1,"b"]})")->roles, (List{"a", "b"}));
}

TEST(Identity, KnowsTheTextOfAClaimWithoutBuildingIt) {
  const IdentityRef identity =
      identity_of_outline(R"({"exp":1,"email":"a@b","n":7,"a":{"b":"c"},"x.y":"z"})");
  const std::size_t bytes = identity->bytes();
  EXPECT_EQ(identity->find_text("email"), "a@b");
  EXPECT_EQ(identity->find_text("x.y"), "z");
  for (const char* other : {"n", "a", "a.b", "none", ""}) EXPECT_EQ(identity->find_text(other), std::nullopt);
  EXPECT_EQ(identity->find_claim("none"), nullptr);
  EXPECT_EQ(identity->bytes(), bytes);
  EXPECT_EQ(*identity->find_claim("a.b"), json::Value("c"));
  EXPECT_GT(identity->bytes(), bytes + sizeof(json::Value));
}

TEST(Identity, TellsAnAccountWhatItGrowsBy) {
  struct Made final : Identity::Derived {};
  const IdentityRef identity = identity_of_outline(R"({"exp":1,"sub":"7"})");
  std::size_t account = identity->bytes();
  identity->charge_to(&account);
  identity->claims();
  identity->claims();
  EXPECT_EQ(account, identity->bytes());
  identity->derive(identity->derived, std::make_unique<Made>(), 100);
  EXPECT_EQ(account, identity->bytes());
  identity->charge_to(nullptr);
  identity->derive(identity->derived, std::make_unique<Made>(), 100);
  EXPECT_EQ(account + 100, identity->bytes());
}

TEST(Identity, OutlivesTheTextThatItWasMadeOf) {
  auto text = std::make_unique<std::string>(
      R"({"iss":"issuer","sub":"subject","exp":1,"scope":"a b","roles":["r"],"cnf":{"jkt":"k"}})");
  std::array<json::Outline::Member, json::Outline::kMaxMembers> room;
  const auto outline = json::read_outline(*text, room);
  const auto name = std::make_unique<std::string>("corp");
  const IdentityRef identity = make_identity(*name, *jose::read_claims(*outline), *outline);
  name->assign("xxxx");
  text->assign(text->size(), 'x');
  text.reset();
  room = {};
  EXPECT_EQ(identity->issuer_name, "corp");
  EXPECT_EQ(identity->issuer, "issuer");
  EXPECT_EQ(identity->subject, "subject");
  EXPECT_EQ(identity->scopes, (List{"a", "b"}));
  EXPECT_EQ(identity->roles, List{"r"});
  EXPECT_EQ(identity->confirmation.key, "k");
  EXPECT_EQ(identity->find_text("sub"), "subject");
  EXPECT_EQ(json::dump(identity->claims()),
            R"({"iss":"issuer","sub":"subject","exp":1,"scope":"a b","roles":["r"],"cnf":{"jkt":"k"}})");
}

TEST(Identity, TakesItsSubjectFromTheRenamedClaim) {
  EXPECT_EQ(identity_of(R"({"exp":1,"sub":"7","upn":"alice"})", {{"sub", "upn"}})->subject, "alice");
  EXPECT_EQ(identity_of(R"({"exp":1,"sub":"7"})", {{"sub", "upn"}})->subject, "");
}

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

TEST(Confirmation, IsWhatIsDemandedBesideTheToken) {
  const auto confirmed = [](std::string_view cnf) {
    return identity_of(R"({"exp":1,"cnf":)" + std::string(cnf) + "}");
  };
  EXPECT_TRUE(identity_of(R"({"exp":1})")->confirmation.empty());
  EXPECT_EQ(confirmed(R"({"jkt":"k"})")->confirmation.key, "k");
  EXPECT_EQ(confirmed(R"({"x5t#S256":"c","jkt":"k"})")->confirmation.certificate, "c");
  EXPECT_FALSE(confirmed(R"({"jkt":"k","more":1})")->confirmation.is_unknown);
  for (const char* odd :
       {"{}", "null", R"("x")", "[]", R"({"jkt":""})", R"({"jkt":7})", R"({"jkt":7,"x5t#S256":"c"})",
        R"({"jkt":"k","x5t#S256":""})", R"({"kid":"k"})", R"({"jwk":{}})"})
    EXPECT_TRUE(confirmed(odd)->confirmation.is_unknown) << odd;
}

}  // namespace
}  // namespace gw::auth
