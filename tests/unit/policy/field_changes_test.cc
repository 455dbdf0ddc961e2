// SPDX-License-Identifier: Apache-2.0
#include "policy/field_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const ProtectedFields& protected_by_default() {
  static const ProtectedFields fields({}, {});
  return fields;
}

std::vector<std::string> problems_with(const HeaderChanges& changes, HeaderUse use = HeaderUse::request) {
  const auto parsed = FieldChanges::parse(changes, use, protected_by_default());
  return parsed ? std::vector<std::string>() : parsed.error();
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs changed(const HeaderChanges& changes, const Pairs& before) {
  const auto parsed = FieldChanges::parse(changes, HeaderUse::request, protected_by_default());
  EXPECT_TRUE(parsed);
  http::Fields fields;
  for (const auto& [name, value] : before) fields.add(name, value);
  if (parsed) parsed->apply(fields);

  Pairs after;
  for (const http::Field& field : fields)
    if (!field.dropped) after.emplace_back(field.name, field.value);
  return after;
}

TEST(FieldChanges, SetReplacesEveryFieldOfTheNameInEverySpelling) {
  EXPECT_THAT(changed({.set = {{"X-Env", "prod"}}, .add = {}, .remove = {}},
                      {{"x-env", "1"}, {"Accept", "*/*"}, {"X_Env", "2"}}),
              ElementsAre(Pair("Accept", "*/*"), Pair("X-Env", "prod")));
}

TEST(FieldChanges, AddLeavesOtherFieldsAlone) {
  EXPECT_THAT(changed({.set = {}, .add = {{"X-Tag", "b"}, {"X-Tag", "c"}}, .remove = {}}, {{"X-Tag", "a"}}),
              ElementsAre(Pair("X-Tag", "a"), Pair("X-Tag", "b"), Pair("X-Tag", "c")));
}

TEST(FieldChanges, RemoveTakesEverySpelling) {
  EXPECT_THAT(changed({.set = {}, .add = {}, .remove = {"X-Debug"}},
                      {{"X-DEBUG", "1"}, {"X.Debug", "1"}, {"X-Debugger", "1"}}),
              ElementsAre(Pair("X-Debugger", "1")));
}

TEST(FieldChanges, AddedFieldsKnowTheirNames) {
  const auto parsed = FieldChanges::parse({.set = {{"authorization", "Basic eA=="}}, .add = {}, .remove = {}},
                                          HeaderUse::request, protected_by_default());
  ASSERT_TRUE(parsed);
  http::Fields fields;
  fields.add("Authorization", "Bearer x");
  parsed->apply(fields);

  const http::Field* field = fields.find(http::FieldName::authorization);
  ASSERT_NE(field, nullptr);
  EXPECT_EQ(field->value, "Basic eA==");
  EXPECT_EQ(field->folded, http::folded_hash("Authorization"));
}

TEST(FieldChanges, MayNotTouchFramingHopByHopOrIdentity) {
  for (const char* name :
       {"Content-Length", "transfer_encoding", "Connection", "TE", "Trailer", "Upgrade", "Host", "Keep-Alive",
        "X-Auth-Subject", "x_auth_roles", "X-Forwarded-For", "X-Request-Id"}) {
    EXPECT_EQ(problems_with({.set = {{name, "x"}}, .add = {}, .remove = {}}).size(), 1u) << name;
    EXPECT_EQ(problems_with({.set = {}, .add = {{name, "x"}}, .remove = {}}).size(), 1u) << name;
    EXPECT_EQ(problems_with({.set = {}, .add = {}, .remove = {name}}).size(), 1u) << name;
  }
}

TEST(FieldChanges, OfAResponseMayNotTouchFraming) {
  const HeaderChanges usual{.set = {{"Strict-Transport-Security", "max-age=31536000"}},
                            .add = {},
                            .remove = {"Server", "X-Powered-By"}};
  EXPECT_THAT(problems_with(usual, HeaderUse::response), IsEmpty());
  EXPECT_THAT(problems_with({.set = {}, .add = {}, .remove = {"Content-Length"}}, HeaderUse::response),
              ElementsAre(HasSubstr("Content-Length")));
}

TEST(FieldChanges, MayTellAnUpstreamWhichPrefixWasStripped) {
  EXPECT_THAT(problems_with({.set = {{"X-Forwarded-Prefix", "/orders"}}, .add = {}, .remove = {}}),
              IsEmpty());
}

TEST(FieldChanges, ReportAllProblemsAtOnce) {
  EXPECT_THAT(
      problems_with(
          {.set = {{"X-A", "1\r\nX-B: 2"}, {"x_a", "2"}}, .add = {{"bad name", " x"}}, .remove = {"X-A"}}),
      ElementsAre(HasSubstr("control character"), HasSubstr("\"x_a\" is changed twice"),
                  HasSubstr("\"bad name\" is not a header name"), HasSubstr("blanks"),
                  HasSubstr("changed twice"), HasSubstr("changed twice")));
}

}  // namespace
}  // namespace gw::policy
