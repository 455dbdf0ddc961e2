// SPDX-License-Identifier: Apache-2.0
#include "exchange/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"

namespace gw::exchange {
namespace {

// The table of the contract, by status.
const std::map<int, std::set<std::string>>& table() {
  static const std::map<int, std::set<std::string>> codes{
      {400, {"bad_request", "bad_path", "ambiguous_credentials", "invalid_dpop_proof", "use_dpop_nonce"}},
      {401,
       {"token_missing", "token_malformed", "token_signature", "token_expired", "token_not_yet_valid",
        "token_issuer", "token_audience", "token_algorithm", "token_type", "token_revoked", "bad_credentials",
        "use_dpop_nonce"}},
      {403, {"insufficient_scope", "forbidden", "csrf"}},
      {404, {"no_route"}},
      {405, {"method_not_allowed"}},
      {408, {"request_timeout"}},
      {409, {"taken", "conflict"}},
      {413, {"content_too_large"}},
      {414, {"uri_too_long"}},
      {415, {"unsupported_media_type"}},
      {417, {"expectation_failed"}},
      {421, {"misdirected_request"}},
      {422, {"unprocessable_content"}},
      {429, {"rate_limited", "locked_out"}},
      {431, {"header_too_large"}},
      {502, {"upstream_refused", "upstream_protocol"}},
      {503, {"no_healthy_upstream", "backend_unavailable", "store_unavailable", "overloaded"}},
      {504, {"upstream_timeout"}},
  };
  return codes;
}

std::vector<Fault> all_faults() {
  std::vector<Fault> faults;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Fault::upstream_timeout); ++i)
    faults.push_back(static_cast<Fault>(i));
  return faults;
}

TEST(Reply, HasTheStatusAndTheCodeThatTheContractGivesEachFault) {
  std::size_t seen = 0;
  for (const Fault fault : all_faults()) {
    const Reply reply = reply_for(fault, "id-1");
    const auto row = table().find(reply.status);
    ASSERT_NE(row, table().end()) << reply.code;
    EXPECT_EQ(row->second.count(std::string(reply.code)), 1u) << reply.status << " " << reply.code;
    ++seen;
  }
  EXPECT_GT(seen, 30u);
}

TEST(Reply, SaysTheErrorsOfProofsAsClientsOfOAuthReadThem) {
  const auto error_of = [](Fault fault) {
    const auto document = json::parse(reply_for(fault, "id-1").body);
    const json::Value* error = document->find("error");
    return error == nullptr ? std::string() : *error->as_string();
  };
  EXPECT_EQ(error_of(Fault::invalid_dpop_proof), "invalid_dpop_proof");
  EXPECT_EQ(error_of(Fault::use_dpop_nonce_at_login), "use_dpop_nonce");
  EXPECT_EQ(error_of(Fault::use_dpop_nonce), "use_dpop_nonce");
  EXPECT_EQ(error_of(Fault::token_type), "");
  EXPECT_EQ(reply_for(Fault::use_dpop_nonce_at_login, "id-1").status, 400);
  EXPECT_THAT(
      reply_for(Fault::use_dpop_nonce, "id-1").challenge,
      ::testing::AllOf(::testing::StartsWith("DPoP realm="), ::testing::HasSubstr("error=\"use_dpop_nonce\""),
                       ::testing::HasSubstr("algs=\"ES256 ")));
}

TEST(Reply, IsAProblemDocumentThatSaysTheSame) {
  for (const Fault fault : all_faults()) {
    const Reply reply = reply_for(Error(fault, "a detail for the log alone"), "id-1");
    EXPECT_EQ(reply.content_type, "application/problem+json");
    EXPECT_EQ(reply.cache_control, "no-store");
    EXPECT_EQ(reply.body.find("for the log alone"), std::string::npos);
    const auto document = json::parse(reply.body);
    ASSERT_TRUE(document) << reply.body;
    EXPECT_EQ(*document->find("status")->as_int(), reply.status);
    EXPECT_EQ(*document->find("code")->as_string(), reply.code);
    EXPECT_EQ(*document->find("request_id")->as_string(), "id-1");
    EXPECT_FALSE(document->find("title")->as_string()->empty());
    EXPECT_FALSE(document->find("detail")->as_string()->empty());
  }
}

TEST(Reply, TellsWhereATokenIsToBeHadAndWhichWouldDo) {
  const std::vector<std::string> scopes{"read", "write"};
  const auto said = [&](Fault fault, const std::string& acr = {}) {
    return reply_for(fault, "id-1", {scopes, acr, {true, "a", "/x"}}).challenge;
  };
  EXPECT_EQ(said(Fault::token_missing),
            "Bearer realm=\"gatewarden\", scope=\"read write\", "
            "resource_metadata=\"https://a/.well-known/oauth-protected-resource/x\"");
  EXPECT_THAT(
      said(Fault::insufficient_scope),
      ::testing::AllOf(::testing::StartsWith("Bearer realm=\"gatewarden\", error=\"insufficient_scope\""),
                       ::testing::HasSubstr("scope=\"read write\""),
                       ::testing::HasSubstr("resource_metadata=\"https://a/")));
  EXPECT_THAT(said(Fault::forbidden, "urn:mfa"),
              ::testing::AllOf(::testing::HasSubstr("error=\"insufficient_user_authentication\""),
                               ::testing::HasSubstr("acr_values=\"urn:mfa\"")));
  EXPECT_EQ(said(Fault::forbidden), "") << "no other login would help";
}

TEST(Reply, ChallengesWhereACredentialIsWantedAndNowhereElse) {
  for (const Fault fault : all_faults()) {
    const Reply reply = reply_for(fault, "id-1");
    const std::string said = reply.challenge;
    if (fault == Fault::token_missing || fault == Fault::bad_credentials)
      EXPECT_EQ(said, "Bearer realm=\"gatewarden\"");
    else if (reply.status == 401 && fault != Fault::use_dpop_nonce)
      EXPECT_THAT(said, ::testing::StartsWith("Bearer realm=\"gatewarden\", error=\"invalid_token\""));
    else if (fault == Fault::insufficient_scope)
      EXPECT_THAT(said, ::testing::StartsWith("Bearer realm=\"gatewarden\", error=\"insufficient_scope\""));
    else if (fault == Fault::use_dpop_nonce)
      EXPECT_THAT(said, ::testing::StartsWith("DPoP realm=\"gatewarden\", error=\"use_dpop_nonce\""));
    else
      EXPECT_EQ(said, "") << reply.code;
  }
}

TEST(Reply, NamesTheScopesThatAreDemanded) {
  const std::vector<std::string> scopes{"orders:read", "orders:write"};
  EXPECT_THAT(reply_for(Fault::insufficient_scope, "id-1", {scopes}).challenge,
              ::testing::EndsWith(", scope=\"orders:read orders:write\""));
}

TEST(Reply, ClosesTheConnectionWhenItsBytesCannotBeReadOn) {
  for (const Fault fault : {Fault::bad_request, Fault::request_timeout, Fault::content_too_large,
                            Fault::uri_too_long, Fault::header_too_large})
    EXPECT_TRUE(reply_for(fault, "id-1").close);
  for (const Fault fault : {Fault::token_missing, Fault::no_route, Fault::forbidden, Fault::upstream_timeout})
    EXPECT_FALSE(reply_for(fault, "id-1").close);
}

TEST(Reply, CarriesOneMessageForEachBadField) {
  const Reply reply =
      reply_for(Fault::unprocessable_content, "id-1", {}, json::Object{{"email", json::Value("is \"odd\"")}});
  EXPECT_THAT(reply.body, ::testing::HasSubstr(R"("errors":{"email":"is \"odd\""})"));
}

TEST(Reply, IsAsNewOnceItIsCleared) {
  const std::vector<std::string> scopes{"read"};
  Reply reply = reply_for(Fault::content_too_large, "id-1");
  reply.fields.emplace_back("Retry-After", "1");
  reply.challenge = "Bearer";
  reply.clear();
  const Reply fresh;
  EXPECT_EQ(reply.status, fresh.status);
  EXPECT_EQ(reply.content_type, fresh.content_type);
  EXPECT_EQ(reply.close, fresh.close);
  EXPECT_EQ(reply.code, "");
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.challenge, "");
  EXPECT_TRUE(reply.fields.empty());

  write_refusal(reply, Fault::insufficient_scope, "id-2", {scopes});
  const Reply other = reply_for(Fault::insufficient_scope, "id-2", {scopes});
  EXPECT_EQ(reply.body, other.body);
  EXPECT_EQ(reply.challenge, other.challenge);
}

TEST(Reply, QuotesARequestIdOfAProxy) {
  const auto document = json::parse(reply_for(Fault::no_route, "a\"b\\c").body);
  ASSERT_TRUE(document);
  EXPECT_EQ(*document->find("request_id")->as_string(), "a\"b\\c");
}

}  // namespace
}  // namespace gw::exchange
