// SPDX-License-Identifier: Apache-2.0
#include "jose/token.h"

#include <gtest/gtest.h>

#include "base/base64url.h"
#include "jose/claims.h"
#include "jose/header_cache.h"

namespace gw::jose {
namespace {

constexpr std::string_view kHeader = R"({"alg":"HS256"})", kPayload = R"({"exp":1})";

std::string token_of(std::string_view header, std::string_view payload) {
  return base64url_encode(header) + "." + base64url_encode(payload) + ".c2ln";
}

std::optional<TokenFault> fault_of(std::string_view text) {
  const auto token = parse_token(text);
  return token ? std::nullopt : std::optional(token.error());
}
std::optional<TokenFault> header_fault(std::string_view header) {
  return fault_of(token_of(header, kPayload));
}
std::optional<TokenFault> payload_fault(std::string_view payload) {
  return fault_of(token_of(kHeader, payload));
}

std::optional<TokenFault> claims_fault(std::string_view payload) {
  const auto document = json::parse(payload);
  EXPECT_TRUE(document) << payload;
  const auto claims = read_claims(*document);
  return claims ? std::nullopt : std::optional(claims.error());
}

TEST(Token, OfRfc7519IsTakenApart) {
  const auto token = parse_token(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->header.algorithm, Algorithm::hs256);
  EXPECT_EQ(token->header.type, "jwt");
  EXPECT_FALSE(token->header.has_kid);
  EXPECT_EQ(token->signature.size(), 32u);
  const auto claims = read_claims(token->payload);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->issuer, "joe");
  EXPECT_EQ(claims->expires_at, 1300819380);
}

TEST(Token, OfRfc7519WithoutSignatureHasNoAlgorithm) {
  const auto token = parse_token(
      "eyJhbGciOiJub25lIn0."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->header.algorithm, std::nullopt);
  EXPECT_EQ(token->signature, "");
}

TEST(Token, HasExactlyThreeParts) {
  for (const char* text : {"", "a", "a.b", "a.b.c.d", "..", "....", "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9"}) {
    const auto fault = fault_of(text);
    ASSERT_TRUE(fault) << text;
    EXPECT_TRUE(*fault == TokenFault::not_three_parts || text == std::string_view("..")) << text;
  }
}

TEST(Token, IsAtMost16KiB) {
  const std::string payload = R"({"exp":1,"x":")" + std::string(12'200, 'x') + "\"}";
  EXPECT_EQ(payload_fault(payload), std::nullopt);
  EXPECT_EQ(payload_fault(payload + std::string(200, ' ')), TokenFault::too_long);
}

TEST(Token, HasPartsInStrictBase64url) {
  const std::string good = token_of(kHeader, kPayload);
  ASSERT_EQ(fault_of(good), std::nullopt);
  EXPECT_EQ(fault_of(good + "="), TokenFault::not_base64url);
  EXPECT_EQ(fault_of(good + "\n"), TokenFault::not_base64url);
  EXPECT_EQ(fault_of(" " + good), TokenFault::not_base64url);
  EXPECT_EQ(fault_of(good + "+/"), TokenFault::not_base64url);
  EXPECT_EQ(fault_of(good.substr(0, good.size() - 4) + "c2h"), TokenFault::not_base64url)
      << "spare bits are set";
}

TEST(Token, HasAHeaderThatSaysItsAlgorithmAndNothingUnknownThatIsCritical) {
  EXPECT_EQ(header_fault("nope"), TokenFault::header_not_json);
  EXPECT_EQ(header_fault("[]"), TokenFault::header_not_object);
  EXPECT_EQ(header_fault("null"), TokenFault::header_not_object);
  EXPECT_EQ(header_fault("{}"), TokenFault::algorithm_missing);
  EXPECT_EQ(header_fault(R"({"alg":null})"), TokenFault::algorithm_missing);
  EXPECT_EQ(header_fault(R"({"alg":["HS256"]})"), TokenFault::algorithm_missing);
  EXPECT_EQ(header_fault(R"({"alg":"HS256","kid":1})"), TokenFault::header_field_type);
  EXPECT_EQ(header_fault(R"({"alg":"HS256","typ":null})"), TokenFault::header_field_type);
  EXPECT_EQ(header_fault(R"({"alg":"HS256","crit":["exp"]})"), TokenFault::critical_header);
  EXPECT_EQ(header_fault(R"({"alg":"HS256","crit":[]})"), TokenFault::critical_header);
  EXPECT_EQ(header_fault(R"({"alg":"HS256","b64":true})"), TokenFault::unencoded_payload);
  EXPECT_EQ(header_fault(R"({"alg":"HS256","jku":"https://evil.example","x":1})"), std::nullopt);
}

TEST(Token, HasJsonWithoutDuplicatesMarksAndTrailingText) {
  EXPECT_EQ(header_fault(R"({"alg":"HS256","alg":"none"})"), TokenFault::header_not_json);
  EXPECT_EQ(header_fault("\xEF\xBB\xBF{\"alg\":\"HS256\"}"), TokenFault::header_not_json);
  EXPECT_EQ(header_fault(R"({"alg":"HS256"}{})"), TokenFault::header_not_json);
  EXPECT_EQ(payload_fault(R"({"exp":1,"exp":2})"), TokenFault::payload_not_json);
  EXPECT_EQ(payload_fault(R"({"exp":1,"\u0065xp":2})"), TokenFault::payload_not_json);
  EXPECT_EQ(payload_fault("{\"exp\":1}\n\n"), std::nullopt);
  EXPECT_EQ(payload_fault("{\"exp\":1} x"), TokenFault::payload_not_json);
  EXPECT_EQ(payload_fault("{\"sub\":\"\xc0\xaf\"}"), TokenFault::payload_not_json);
  EXPECT_EQ(payload_fault("[1]"), TokenFault::payload_not_object);
  EXPECT_EQ(payload_fault(R"({"exp":1e999})"), TokenFault::payload_not_json);
  EXPECT_EQ(payload_fault("{\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}"),
            TokenFault::payload_not_json);
}

TEST(TokenType, HasNoCaseAndMayBeWrittenInFull) {
  for (const char* type : {"at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"})
    EXPECT_EQ(normalise_type(type), "at+jwt") << type;
  EXPECT_EQ(normalise_type("application/a/b"), "application/a/b");
  EXPECT_EQ(normalise_type("text/at+jwt"), "text/at+jwt");
}

TEST(Claims, AreOfTheirTypes) {
  EXPECT_EQ(claims_fault(R"({"exp":1})"), std::nullopt);
  EXPECT_EQ(claims_fault("{}"), TokenFault::expiry_missing);
  EXPECT_EQ(claims_fault(R"({"exp":null})"), TokenFault::time_not_number);
  EXPECT_EQ(claims_fault(R"({"exp":"1"})"), TokenFault::time_not_number);
  EXPECT_EQ(claims_fault(R"({"exp":1,"nbf":true})"), TokenFault::time_not_number);
  EXPECT_EQ(claims_fault(R"({"exp":1,"iat":[1]})"), TokenFault::time_not_number);
  EXPECT_EQ(claims_fault(R"({"exp":1,"iss":1})"), TokenFault::claim_type);
  EXPECT_EQ(claims_fault(R"({"exp":1,"sub":{}})"), TokenFault::claim_type);
  EXPECT_EQ(claims_fault(R"({"exp":1,"jti":1})"), TokenFault::claim_type);
  EXPECT_EQ(claims_fault(R"({"exp":1,"sid":null})"), TokenFault::claim_type);
  EXPECT_EQ(claims_fault(R"({"exp":1,"aud":{"a":1}})"), TokenFault::claim_type);
  EXPECT_EQ(claims_fault(R"({"exp":1,"aud":["a",1]})"), TokenFault::claim_type);
  EXPECT_EQ(claims_fault(R"({"exp":1,"aud":[]})"), std::nullopt);
}

TEST(Claims, HoldTimesAsWholeSeconds) {
  const auto expiry = [](std::string_view number) {
    const auto document = json::parse("{\"exp\":" + std::string(number) + "}");
    return read_claims(*document)->expires_at;
  };
  EXPECT_EQ(expiry("1700000000"), 1700000000);
  EXPECT_EQ(expiry("1700000000.25"), 1700000001);
  EXPECT_EQ(expiry("1.7e9"), 1700000000);
  EXPECT_EQ(expiry("-1"), -1);
  EXPECT_EQ(expiry("1e99"), 253402300799);
  EXPECT_EQ(expiry("9999999999999999999"), 253402300799);
  EXPECT_EQ(expiry("-1e99"), -253402300799);
}

TEST(Claims, AreMeantForAnyOfTheAudiencesToTheLetter) {
  const auto meant = [](std::string_view audience) {
    const auto document = json::parse("{\"exp\":1,\"aud\":" + std::string(audience) + "}");
    return read_claims(*document)->is_meant_for({"api", "web"});
  };
  EXPECT_TRUE(meant(R"("api")"));
  EXPECT_TRUE(meant(R"(["other","web"])"));
  for (const char* audience : {R"("API")", R"("api ")", R"("api/")", R"("ap")", R"("apis")", R"([])", R"("")",
                               R"(["other"])", R"("api web")", R"("api,web")"})
    EXPECT_FALSE(meant(audience)) << audience;
}

TEST(Words, AreReadFromAListOrASplitText) {
  using List = std::vector<std::string>;
  const auto words = [](std::string_view text) {
    const auto document = json::parse(text);
    const auto views = read_words(&*document, " ,");
    return List(views.begin(), views.end());
  };
  EXPECT_EQ(words(R"("a b  c ")"), (List{"a", "b", "c"}));
  EXPECT_EQ(words(R"("a,b, c")"), (List{"a", "b", "c"}));
  EXPECT_EQ(words(R"(["a b","c",1,null])"), (List{"a b", "c"}));
  EXPECT_EQ(words(R"("")"), List());
  EXPECT_EQ(words("7"), List());
  EXPECT_TRUE(read_words(static_cast<const json::Value*>(nullptr), " ").empty());
}

TEST(HeaderCache, KeepsTheLatestAndNothingHuge) {
  HeaderCache cache;
  for (int i = 0; i < 20; ++i) {
    Header header;
    header.kid = std::to_string(i);
    cache.remember("header" + std::to_string(i), header);
  }
  EXPECT_EQ(cache.size(), HeaderCache::kEntries);
  EXPECT_EQ(cache.find("header3"), nullptr);
  ASSERT_NE(cache.find("header19"), nullptr);
  EXPECT_EQ(cache.find("header19")->kid, "19");
  EXPECT_EQ(cache.find("header4")->kid, "4");
  HeaderCache other;
  other.remember(std::string(HeaderCache::kMaxBytes + 1, 'x'), Header());
  EXPECT_EQ(other.size(), 0u);
}

}  // namespace
}  // namespace gw::jose
