// SPDX-License-Identifier: Apache-2.0
#include "policy/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace gw::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auth::Identity clerk() {
  auth::Identity identity;
  identity.issuer_name = "self";
  identity.subject = "users:1";
  identity.scopes = {"orders:read", "orders:list"};
  identity.roles = {"clerk"};
  identity.hold(*json::parse(R"({"tenant":"acme","groups":["a","b"],"level":3,"ratio":0.5,"staff":true,
                                 "realm":{"zone":"north"},"nothing":null})"));
  return identity;
}

Route demanding_scopes(std::vector<std::string> scopes) {
  Route route;
  route.require.scopes = std::move(scopes);
  return route;
}

Route demanding_roles(std::vector<std::string> roles) {
  Route route;
  route.require.roles = std::move(roles);
  return route;
}

Route demanding_claims(std::vector<ClaimRule> claims) {
  Route route;
  route.require.claims = std::move(claims);
  return route;
}

std::optional<Fault> fault_for(const Route& route, const auth::Identity& identity) {
  return decide(route, Caller::verified(identity)).fault();
}

TEST(Shadow, IsAskedLikeADemandAndRefusesNobody) {
  Route route;
  const auth::Identity identity = clerk();
  const auto fault = [&](const Caller& caller) { return find_shadow_fault(route, caller, {}); };
  EXPECT_EQ(fault(Caller::verified(identity)), std::nullopt) << "there is none";

  route.shadow.emplace().scopes = {"orders:write"};
  EXPECT_EQ(fault(Caller::verified(identity)), Fault::insufficient_scope);
  EXPECT_TRUE(decide(route, Caller::verified(identity)).proceeds());
  route.shadow.emplace().roles = {"admin"};
  EXPECT_EQ(fault(Caller::verified(identity)), Fault::forbidden);
  route.shadow->roles = {"clerk"};
  EXPECT_EQ(fault(Caller::verified(identity)), std::nullopt);
  EXPECT_EQ(fault(Caller::anonymous()), Fault::token_missing);
  EXPECT_EQ(fault(Caller::rejected(Fault::token_expired)), Fault::token_expired);
}

TEST(Decision, RequiredAuthNeedsAVerifiedIdentity) {
  const Route route;
  const auth::Identity identity = clerk();

  EXPECT_EQ(decide(route, Caller::anonymous()).fault(), Fault::token_missing);
  EXPECT_EQ(decide(route, Caller::rejected(Fault::token_expired)).fault(), Fault::token_expired);
  EXPECT_FALSE(decide(route, Caller::anonymous()).proceeds());

  const Decision good = decide(route, Caller::verified(identity));
  EXPECT_TRUE(good.proceeds());
  EXPECT_EQ(good.fault(), std::nullopt);
  EXPECT_EQ(good.identity(), &identity);
}

TEST(Decision, WantsATokenThatIsBoundInOneOfTheWaysThatTheRouteNames) {
  const auto fault = [](std::vector<Binding> bound, const char* key, const char* certificate) {
    Route route;
    route.require.bound = std::move(bound);
    auth::Identity identity = clerk();
    identity.confirmation = {key, certificate, false};
    return fault_for(route, identity);
  };
  const std::vector<Binding> key{Binding::dpop}, certificate{Binding::mtls},
      either{Binding::dpop, Binding::mtls};
  EXPECT_EQ(fault(key, "k", ""), std::nullopt);
  EXPECT_EQ(fault(key, "k", "c"), std::nullopt);
  EXPECT_EQ(fault(key, "", "c"), Fault::token_type);
  EXPECT_EQ(fault(certificate, "", "c"), std::nullopt);
  EXPECT_EQ(fault(certificate, "k", ""), Fault::token_type);
  EXPECT_EQ(fault(either, "k", ""), std::nullopt);
  EXPECT_EQ(fault(either, "", "c"), std::nullopt);
  EXPECT_EQ(fault(either, "", ""), Fault::token_type);
  EXPECT_EQ(fault({}, "", ""), std::nullopt);
}

TEST(Decision, NoAuthProceedsAsNobodyWhateverWasSent) {
  Route route;
  route.auth = Auth::none;
  const auth::Identity identity = clerk();

  for (const Caller& caller :
       {Caller::anonymous(), Caller::rejected(Fault::token_signature), Caller::verified(identity)}) {
    const Decision decision = decide(route, caller);
    EXPECT_TRUE(decision.proceeds());
    EXPECT_EQ(decision.fault(), std::nullopt);
    EXPECT_EQ(decision.identity(), nullptr);
  }
}

TEST(Decision, OptionalAuthTakesNobodyButNoBadToken) {
  Route route;
  route.auth = Auth::optional;
  const auth::Identity identity = clerk();

  EXPECT_TRUE(decide(route, Caller::anonymous()).proceeds());
  EXPECT_EQ(decide(route, Caller::anonymous()).identity(), nullptr);
  EXPECT_EQ(decide(route, Caller::rejected(Fault::token_revoked)).fault(), Fault::token_revoked);
  EXPECT_EQ(decide(route, Caller::verified(identity)).identity(), &identity);
}

TEST(Decision, OptionalAuthWithDemandsNeedsSomebodyWhoMeetsThem) {
  Route route = demanding_roles({"admin"});
  route.auth = Auth::optional;

  EXPECT_EQ(decide(route, Caller::anonymous()).fault(), Fault::token_missing);
  EXPECT_EQ(fault_for(route, clerk()), Fault::forbidden);
}

TEST(Decision, ARouteMayTakeSomeIssuersOnly) {
  Route route;
  route.issuers = {"corp"};
  EXPECT_EQ(fault_for(route, clerk()), Fault::token_issuer);

  route.issuers = {"corp", "self"};
  EXPECT_EQ(fault_for(route, clerk()), std::nullopt);
}

TEST(Decision, AllScopesAreNeededAndAllAreNamedInTheRefusal) {
  EXPECT_EQ(fault_for(demanding_scopes({"orders:read", "orders:list"}), clerk()), std::nullopt);

  const Route route = demanding_scopes({"orders:read", "orders:write"});
  const auth::Identity identity = clerk();
  const Decision decision = decide(route, Caller::verified(identity));
  EXPECT_EQ(decision.fault(), Fault::insufficient_scope);
  EXPECT_THAT(decision.demanded_scopes(), ElementsAre("orders:read", "orders:write"));
}

TEST(Decision, AScopeIsComparedWhole) {
  EXPECT_EQ(fault_for(demanding_scopes({"orders"}), clerk()), Fault::insufficient_scope);
  EXPECT_EQ(fault_for(demanding_scopes({"Orders:read"}), clerk()), Fault::insufficient_scope);
}

TEST(Decision, OneRoleIsEnough) {
  EXPECT_EQ(fault_for(demanding_roles({"admin", "clerk"}), clerk()), std::nullopt);
  EXPECT_EQ(fault_for(demanding_roles({"admin"}), clerk()), Fault::forbidden);
}

TEST(Decision, AllClaimsAreNeeded) {
  EXPECT_EQ(fault_for(demanding_claims({{"tenant", "acme"}, {"level", 3}}), clerk()), std::nullopt);
  EXPECT_EQ(fault_for(demanding_claims({{"tenant", "acme"}, {"level", 4}}), clerk()), Fault::forbidden);
  EXPECT_EQ(fault_for(demanding_claims({{"realm.zone", "north"}}), clerk()), std::nullopt);
  EXPECT_EQ(fault_for(demanding_claims({{"absent", "x"}}), clerk()), Fault::forbidden);
}

TEST(Decision, ScopesAreJudgedBeforeRolesAndClaims) {
  Route route = demanding_scopes({"x"});
  route.require.roles = {"x"};
  route.require.claims = {{"tenant", "x"}};

  EXPECT_EQ(fault_for(route, clerk()), Fault::insufficient_scope);
}

TEST(Decision, WithoutEnforcementPassesAndNotesWhatItWouldHaveDone) {
  Route route = demanding_scopes({"orders:write"});
  route.enforce = false;
  const auth::Identity identity = clerk();

  const Decision decision = decide(route, Caller::verified(identity));
  EXPECT_TRUE(decision.proceeds());
  EXPECT_TRUE(decision.would_refuse());
  EXPECT_EQ(decision.fault(), Fault::insufficient_scope);
  EXPECT_EQ(decision.identity(), &identity);
}

TEST(Decision, WithoutEnforcementStillTellsOfNobodyWhoseTokenWasNotGood) {
  Route route;
  route.enforce = false;
  route.issuers = {"corp"};
  const auth::Identity identity = clerk();

  for (const Caller& caller :
       {Caller::anonymous(), Caller::rejected(Fault::token_signature), Caller::verified(identity)}) {
    const Decision decision = decide(route, caller);
    EXPECT_TRUE(decision.proceeds());
    EXPECT_TRUE(decision.would_refuse());
    EXPECT_EQ(decision.identity(), nullptr);
  }
}

TEST(Decision, ThatRefusesUnderEnforcementIsNoNote) {
  EXPECT_FALSE(decide(Route(), Caller::anonymous()).would_refuse());
  EXPECT_THAT(decide(Route(), Caller::anonymous()).demanded_scopes(), IsEmpty());
}

bool satisfied(std::string_view claim, std::string_view wanted) {
  const std::string payload = R"({"exp":1,"c":)" + std::string(claim) + "}";
  std::array<json::Outline::Member, json::Outline::kMaxMembers> room;
  const auto outline = json::read_outline(payload, room);
  const auto identity = auth::make_identity("self", *jose::read_claims(*outline), *outline);
  const ClaimRule rule{"c", *json::parse(wanted)};
  const bool met = claim_satisfies(identity->find_claim("c"), rule.value);
  EXPECT_EQ(satisfies(*identity, rule), met) << claim << ' ' << wanted;
  return met;
}

TEST(ClaimRule, ComparesKindsStrictly) {
  EXPECT_TRUE(satisfied(R"("acme")", R"("acme")"));
  EXPECT_TRUE(satisfied("3", "3"));
  EXPECT_TRUE(satisfied("3.0", "3"));
  EXPECT_TRUE(satisfied("3", "3.0"));
  EXPECT_TRUE(satisfied("true", "true"));

  EXPECT_FALSE(satisfied(R"("3")", "3"));
  EXPECT_FALSE(satisfied("3", R"("3")"));
  EXPECT_FALSE(satisfied(R"("true")", "true"));
  EXPECT_FALSE(satisfied("1", "true"));
  EXPECT_FALSE(satisfied("0", "false"));
  EXPECT_FALSE(satisfied(R"("Acme")", R"("acme")"));
  EXPECT_FALSE(satisfied(R"("acme ")", R"("acme")"));
  EXPECT_FALSE(satisfied("null", "null"));
  EXPECT_FALSE(satisfied(R"({"a":1})", R"({"a":1})"));
  EXPECT_FALSE(claim_satisfies(nullptr, json::Value()));
}

TEST(ClaimRule, ComparesLargeNumbersExactly) {
  EXPECT_TRUE(satisfied("9007199254740992", "9007199254740992.0"));
  EXPECT_FALSE(satisfied("9007199254740993", "9007199254740992.0"));
  EXPECT_FALSE(satisfied("9223372036854775807", "9223372036854775808"));
  EXPECT_FALSE(satisfied("3", "3.5"));
  EXPECT_FALSE(satisfied("3", "1e300"));
}

TEST(ClaimRule, AListMustContainTheValue) {
  EXPECT_TRUE(satisfied(R"(["a","b"])", R"("b")"));
  EXPECT_TRUE(satisfied("[1, 2]", "2"));
  EXPECT_FALSE(satisfied(R"(["a,b"])", R"("b")"));
  EXPECT_FALSE(satisfied(R"(["1"])", "1"));
  EXPECT_FALSE(satisfied(R"([["b"]])", R"("b")"));
  EXPECT_FALSE(satisfied("[]", R"("b")"));
  EXPECT_FALSE(satisfied("[null]", "null"));
}

}  // namespace
}  // namespace gw::policy
