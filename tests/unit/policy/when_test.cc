// SPDX-License-Identifier: Apache-2.0
#include "policy/when.h"

#include <gtest/gtest.h>

#include "policy/decision.h"

namespace gw::policy {
namespace {

auth::Identity clerk() {
  auth::Identity identity;
  identity.issuer_name = "self";
  identity.subject = "users:1";
  identity.roles = {"clerk", "admin"};
  identity.hold(*json::parse(R"({"sub":"users:1","roles":"clerk admin","tenant":"acme"})"));
  return identity;
}

struct Heard final : ConditionListener {
  struct One {
    Condition condition;
    bool met;
    std::string trouble;
  };
  std::vector<One> all;
  void on_condition(const Finding& finding) override {
    all.push_back({finding.condition, finding.met, std::string(finding.trouble)});
  }
};

std::shared_ptr<const When> when(std::string_view text, std::vector<std::string> names = {}) {
  auto parsed = When::parse(text, names);
  EXPECT_TRUE(parsed) << parsed.error().what;
  return parsed ? *parsed : nullptr;
}

RequestFacts facts_of(const http::Fields& fields) {
  return {.method = "GET",
          .path = "/orders/1",
          .host = "api.example.com",
          .query = "a=b",
          .scheme = "https",
          .client_ip = "10.1.2.3",
          .fields = &fields,
          .now = 1'700'000'000};
}

bool holds(std::string_view text, const http::Fields& fields = {}) {
  return when(text)->evaluate(facts_of(fields), clerk()).holds;
}

TEST(When, SeesTheRequestTheClientAndTheTime) {
  EXPECT_TRUE(holds("request.method == 'GET' && request.path.startsWith('/orders/')"));
  EXPECT_TRUE(
      holds("request.host == 'api.example.com' && request.query == 'a=b' && request.scheme == 'https'"));
  EXPECT_TRUE(holds("client.ip.startsWith('10.')"));
  EXPECT_TRUE(holds("now.getFullYear() == 2023 && now < timestamp('2024-01-01T00:00:00Z')"));
  EXPECT_FALSE(holds("request.method in ['POST', 'PUT']"));
}

TEST(When, SeesRolesAsAListHoweverTheTokenWritesThem) {
  EXPECT_TRUE(holds("'admin' in claims.roles && size(claims.roles) == 2"));
  EXPECT_TRUE(holds("claims.roles.all(role, role != 'root')"));
}

TEST(When, SeesHeadersWithoutCaseAndNoRepeatedOne) {
  http::Fields fields;
  fields.add("X-Env", "prod");
  fields.add("X-Twice", "1");
  fields.add("x-twice", "2");
  EXPECT_TRUE(holds("request.headers['x-env'] == 'prod'", fields));
  EXPECT_TRUE(holds("'x-env' in request.headers && !('x-other' in request.headers)", fields));
  EXPECT_FALSE(holds("request.headers['x-twice'] == '1' || request.headers['x-twice'] == '2'", fields));
}

TEST(When, KnowsTheNamesOfThePath) {
  const std::vector<std::string> names{"id"};
  EXPECT_TRUE(When::parse("path.id == claims.sub", names));
  const auto wrong = When::parse("path.ids == claims.sub", names);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().what, "there is no field ids here (did you mean id?)");
  EXPECT_EQ(wrong.error().column, 6);
}

TEST(When, DeniesWhatCannotBeEvaluated) {
  Route route;
  route.require.when = when("claims.email.endsWith('@example.com')");
  const http::Fields fields;
  const auth::Identity identity = clerk();
  Heard heard;
  const Decision decision = decide(route, Caller::verified(identity), facts_of(fields), &heard);
  EXPECT_EQ(decision.fault(), Fault::forbidden);
  ASSERT_EQ(heard.all.size(), 2u) << "the token and the expression";
  EXPECT_EQ(heard.all[1].condition, Condition::when);
  EXPECT_FALSE(heard.all[1].met);
  EXPECT_EQ(heard.all[1].trouble, "no such key");
}

TEST(When, DeniesWithoutFacts) {
  Route route;
  route.require.when = when("true");
  const auth::Identity identity = clerk();
  EXPECT_EQ(decide(route, Caller::verified(identity)).fault(), Fault::forbidden);
}

TEST(When, IsOneConditionOfSeveral) {
  Route route;
  route.require.roles = {"nobody"};
  route.require.scopes = {"orders:read"};
  route.require.when = when("true");
  const http::Fields fields;
  const auth::Identity identity = clerk();
  Heard heard;
  const Decision decision = decide(route, Caller::verified(identity), facts_of(fields), &heard);
  EXPECT_EQ(decision.fault(), Fault::insufficient_scope) << "the first that fails";
  ASSERT_EQ(heard.all.size(), 4u) << "and every one is told";
  EXPECT_TRUE(heard.all[3].met);
}

}  // namespace
}  // namespace gw::policy
