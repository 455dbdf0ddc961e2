// SPDX-License-Identifier: Apache-2.0
#include "policy/identity_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>

#include "http/field.h"
#include "policy/claim_text.h"

namespace gw::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::optional<std::string> format_claim(const json::Value& claim) {
  std::string text = "before:";
  if (append_claim(text, claim)) return text.substr(7);
  EXPECT_EQ(text, "before:");
  return std::nullopt;
}
std::optional<std::string> format(std::string_view claim) {
  return format_claim(*json::parse(claim));
}
std::string format_list(const std::vector<std::string>& list) {
  std::string text;
  EXPECT_TRUE(append_list(text, {list.begin(), list.end()}, ','));
  return text;
}

// What an upstream does to get the value back.
std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return out;
}

std::vector<std::string> decode_list(std::string_view text) {
  std::vector<std::string> list;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    list.push_back(decode(text.substr(at, comma - at)));
    at = comma + 1;
  }
  return list;
}

TEST(ClaimText, LeavesPlainTextAlone) {
  EXPECT_EQ(format(R"("ada@example.com")"), "ada@example.com");
  EXPECT_EQ(format(R"("Lovelace, Ada \"x\" \\ ~")"), "Lovelace, Ada \"x\" \\ ~");
  EXPECT_EQ(format(R"("")"), "");
}

TEST(ClaimText, EncodesWhatAHeaderOrALegacyServerWouldChange) {
  EXPECT_EQ(format(R"("100%")"), "100%25");
  EXPECT_EQ(format(R"("a\r\nX-Admin: 1")"), "a%0D%0AX-Admin: 1");
  EXPECT_EQ(format(R"("a\u0000b\u007fc\td")"), "a%00b%7Fc%09d");
  EXPECT_EQ(format("\"Zo\xC3\xAB\""), "Zo%C3%AB");
  EXPECT_EQ(format(R"("\ud83d\ude00")"), "%F0%9F%98%80");
  EXPECT_EQ(format(R"("  a b  ")"), "%20%20a b%20%20");
  EXPECT_EQ(format(R"("   ")"), "%20%20%20");
}

TEST(ClaimText, JoinsAListAndEncodesCommasInItsElements) {
  EXPECT_EQ(format(R"(["clerk","admin"])"), "clerk,admin");
  EXPECT_EQ(format(R"(["clerk,admin"])"), "clerk%2Cadmin");
  EXPECT_EQ(format(R"([" a ","b"])"), "%20a%20,b");
  EXPECT_EQ(format(R"(["%2C"])"), "%252C");
  EXPECT_EQ(format(R"([""])"), "");
  EXPECT_EQ(format(R"(["",""])"), ",");
  EXPECT_EQ(format(R"([1,true,"x"])"), "1,true,x");
  EXPECT_EQ(format(R"([{"a":1,"b":2}])"), R"({"a":1%2C"b":2})");
}

TEST(ClaimText, WritesOtherKindsAsJson) {
  EXPECT_EQ(format("42"), "42");
  EXPECT_EQ(format("-1.5"), "-1.5");
  EXPECT_EQ(format("true"), "true");
  EXPECT_EQ(format(R"({"street":"1 Main, %"})"), R"({"street":"1 Main, %25"})");
}

TEST(ClaimText, OfNothingIsNoHeader) {
  EXPECT_EQ(format("null"), std::nullopt);
  EXPECT_EQ(format("[]"), std::nullopt);
}

TEST(ClaimText, IsReversibleForAnyStringsAndLists) {
  std::mt19937 engine(7);
  const std::string alphabet("a%,; \t\n\x7F\xC3\xA9\0=2C", 15);
  const auto random_text = [&] {
    std::string text;
    for (std::size_t size = engine() % 6; size > 0; --size) text += alphabet[engine() % alphabet.size()];
    return text;
  };

  std::map<std::string, std::vector<std::string>> seen;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_text();
    const std::string header = *format_claim(text);
    std::string same;
    append_claim_text(same, text);
    ASSERT_EQ(same, header);
    ASSERT_EQ(decode(header), text);
    ASSERT_TRUE(std::all_of(header.begin(), header.end(), [](char c) { return c >= 0x20 && c < 0x7F; }));
    ASSERT_TRUE(header.empty() || (header.front() != ' ' && header.back() != ' '));

    std::vector<std::string> list(1 + engine() % 3);
    for (std::string& element : list) element = random_text();
    const std::string joined = format_list(list);
    ASSERT_EQ(decode_list(joined), list);
    ASSERT_EQ(seen.emplace(joined, list).first->second, list);
  }
}

auth::Identity ada() {
  auth::Identity identity;
  identity.subject = "users:1";
  identity.roles = {"clerk", "admin"};
  identity.scopes = {"orders:read", "orders:write"};
  identity.hold(*json::parse(R"({"sub":"users:1","email":"ada@example.com","roles":["clerk","admin"],
                                 "scope":"orders:read orders:write","realm":{"zone":"north"}})"));
  return identity;
}

void set_claim(auth::Identity& identity, std::string_view name, json::Value value) {
  json::Value claims = identity.claims();
  claims.set(name, std::move(value));
  identity.hold(std::move(claims));
}

std::vector<std::pair<std::string, std::string>> rendered(const IdentityOptions& options,
                                                          const auth::Identity& identity) {
  const IdentityHeaders headers(options);
  const auto result = headers.render(identity);
  EXPECT_TRUE(result);
  std::vector<std::pair<std::string, std::string>> pairs;
  if (result)
    headers.for_each(*result, [&](const http::Field& field) {
      EXPECT_EQ(field.folded, http::folded_hash(field.name));
      pairs.emplace_back(field.name, field.value);
    });
  return pairs;
}

TEST(IdentityHeaders, TellTheClaimsThatThereAre) {
  EXPECT_THAT(
      rendered({}, ada()),
      ElementsAre(Pair("X-Auth-Subject", "users:1"), Pair("X-Auth-Email", "ada@example.com"),
                  Pair("X-Auth-Roles", "clerk,admin"), Pair("X-Auth-Scope", "orders:read orders:write")));
}

TEST(IdentityHeaders, ReachIntoClaims) {
  EXPECT_THAT(rendered({.headers = {{"X-Zone", "realm.zone"}, {"X-None", "realm.none"}}}, ada()),
              ElementsAre(Pair("X-Zone", "north")));
}

TEST(IdentityHeaders, TellTheRolesThatWereAuthorisedAsAList) {
  auth::Identity identity = ada();
  identity.roles = {"clerk,admin"};
  set_claim(identity, "roles", "clerk,admin");

  EXPECT_THAT(rendered({.headers = {{"X-Auth-Roles", "roles"}}}, identity),
              ElementsAre(Pair("X-Auth-Roles", "clerk%2Cadmin")));
}

TEST(IdentityHeaders, TellAScopeListAsAListAndScopesWithoutTheClaimWithSpaces) {
  const IdentityOptions options{.headers = {{"X-Auth-Scope", "scope"}}};
  auth::Identity identity = ada();
  set_claim(identity, "scope", json::Array{"a", "b"});
  EXPECT_THAT(rendered(options, identity), ElementsAre(Pair("X-Auth-Scope", "a,b")));

  identity.hold(*json::parse("{}"));
  EXPECT_THAT(rendered(options, identity), ElementsAre(Pair("X-Auth-Scope", "orders:read orders:write")));
}

TEST(IdentityHeaders, OfAnEmptyIdentityAreNone) {
  EXPECT_THAT(rendered({}, auth::Identity()), IsEmpty());
}

TEST(IdentityHeaders, RefuseAnIdentityThatAHeaderCannotHold) {
  auth::Identity identity = ada();
  set_claim(identity, "email", std::string(kMaxIdentityHeaderBytes, 'a'));
  EXPECT_TRUE(IdentityHeaders({}).render(identity));

  set_claim(identity, "email", std::string(kMaxIdentityHeaderBytes / 3 + 1, '%'));
  const auto refused = IdentityHeaders({}).render(identity);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::forbidden);
  EXPECT_THAT(refused.error().detail, HasSubstr("X-Auth-Email"));
}

TEST(IdentityOptions, ByDefaultHaveNoProblem) {
  EXPECT_THAT(find_problems({}), IsEmpty());
}

TEST(IdentityOptions, MayUseTheNamesThatLegacyApplicationsRead) {
  EXPECT_THAT(
      find_problems(
          {.headers = {{"X-Remote-User", "sub"}, {"X-Forwarded-User", "sub"}, {"Remote-User", "sub"}}}),
      IsEmpty());
}

TEST(IdentityOptions, MayNotUseNamesOfTheConnectionTheClientOrTheGateway) {
  for (const char* name : {"Connection", "content-length", "Transfer_Encoding", "Host", "TE", "Upgrade",
                           "Cookie", "Authorization", "X-Forwarded-For", "x.forwarded.proto", "X-Request-Id",
                           "traceparent", "Content-Type", "", "X User", "X-\xC3\xA9", "X:Y"}) {
    EXPECT_THAT(find_problems({.headers = {{name, "sub"}}}), SizeIs(1)) << name;
  }
}

TEST(IdentityOptions, MayNotHaveTwoHeadersThatFoldTogether) {
  EXPECT_THAT(find_problems({.headers = {{"X-User", "sub"}, {"x_user", "email"}}}),
              UnorderedElementsAre(HasSubstr("\"x_user\" and \"X-User\"")));
}

TEST(IdentityOptions, NeedAClaimForEachHeader) {
  EXPECT_THAT(find_problems({.headers = {{"X-User", ""}}}),
              UnorderedElementsAre(HasSubstr("names no claim")));
}

}  // namespace
}  // namespace gw::policy
