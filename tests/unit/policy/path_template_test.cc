// SPDX-License-Identifier: Apache-2.0
#include "policy/path_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/host_pattern.h"

namespace gw::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string problem_with(std::string_view text) {
  const auto path = parse_path_template(text);
  return path ? "" : path.error();
}

TEST(PathTemplate, IsMadeOfLiteralsAndNamesAndTheRest) {
  const auto path = parse_path_template("/orders/{id}/lines/**");

  ASSERT_TRUE(path);
  EXPECT_THAT(path->segments,
              ElementsAre(Segment{false, "orders"}, Segment{true, "id"}, Segment{false, "lines"}));
  EXPECT_TRUE(path->has_rest);
  EXPECT_THAT(path->names, ElementsAre("id"));
}

TEST(PathTemplate, EndsWithAnEmptyLiteralAfterASlash) {
  EXPECT_THAT(parse_path_template("/")->segments, ElementsAre(Segment{false, ""}));
  EXPECT_THAT(parse_path_template("/a/")->segments, ElementsAre(Segment{false, "a"}, Segment{false, ""}));
}

TEST(PathTemplate, OfTheRestAloneHasNoSegments) {
  const auto path = parse_path_template("/**");

  ASSERT_TRUE(path);
  EXPECT_TRUE(path->has_rest);
  EXPECT_THAT(path->segments, IsEmpty());
}

TEST(PathTemplate, TakesEscapesThatNormalisationKeeps) {
  EXPECT_EQ(problem_with("/caf%C3%A9/{name}"), "");
  EXPECT_EQ(problem_with("/a-b_c.d~e/f:g@h"), "");
}

TEST(PathTemplate, SaysWhatIsWrong) {
  EXPECT_THAT(problem_with(""), HasSubstr("does not begin with /"));
  EXPECT_THAT(problem_with("api/**"), HasSubstr("does not begin with /"));
  EXPECT_THAT(problem_with("/a?b=c"), HasSubstr("never the query"));
  EXPECT_THAT(problem_with("/a/*"), HasSubstr("{name} is one segment"));
  EXPECT_THAT(problem_with("/a/**/b"), HasSubstr("last segment"));
  EXPECT_THAT(problem_with("/a**"), HasSubstr("last segment"));
  EXPECT_THAT(problem_with("/a/{id}.json"), HasSubstr("takes a whole segment"));
  EXPECT_THAT(problem_with("/v{n}"), HasSubstr("takes a whole segment"));
  EXPECT_THAT(problem_with("/{id"), HasSubstr("bad braces"));
  EXPECT_THAT(problem_with("/id}"), HasSubstr("bad braces"));
  EXPECT_THAT(problem_with("/{"), HasSubstr("bad braces"));
  EXPECT_THAT(problem_with("/{}"), HasSubstr("bad name"));
  EXPECT_THAT(problem_with("/{7up}"), HasSubstr("bad name"));
  EXPECT_THAT(problem_with("/{a}{b}"), HasSubstr("bad name"));
  EXPECT_THAT(problem_with("/{id}/x/{id}"), HasSubstr("{id} stands twice"));
  EXPECT_THAT(problem_with("/a;v=1/b"), HasSubstr(";parameters are never matched"));
  EXPECT_THAT(problem_with("/a%2Fb"), HasSubstr("no request can have the path"));
  EXPECT_THAT(problem_with("/caf\xC3\xA9"), HasSubstr("percent-encoded"));
  EXPECT_THAT(problem_with("/../a"), HasSubstr("no request can have the path"));
}

TEST(PathTemplate, ThatIsNotNormalisedIsToldItsNormalForm) {
  EXPECT_THAT(problem_with("/a//b"), HasSubstr("write \"/a/b\""));
  EXPECT_THAT(problem_with("/%61pi/{id}/**"), HasSubstr("write \"/api/{id}/**\""));
  EXPECT_THAT(problem_with("/a/./{x}/../{y}"), HasSubstr("write \"/a/{y}\""));
  EXPECT_THAT(problem_with("/caf%c3%a9"), HasSubstr("write \"/caf%C3%A9\""));
  EXPECT_THAT(problem_with("/a//**"), HasSubstr("write \"/a/**\""));
}

TEST(PathTemplate, IsBoundedInSegmentsAndNames) {
  std::string long_path, many_names;
  for (std::size_t i = 0; i < kMaxTemplateSegments; ++i) long_path += "/s";
  for (std::size_t i = 0; i < kMaxTemplateNames; ++i) many_names += "/{n" + std::to_string(i) + "}";

  EXPECT_EQ(problem_with(long_path), "");
  EXPECT_THAT(problem_with(long_path + "/s"), HasSubstr("more than 64 segments"));
  EXPECT_EQ(problem_with(many_names), "");
  EXPECT_THAT(problem_with(many_names + "/{more}"), HasSubstr("more than 8 names"));
}

std::string host_of(std::string_view text) {
  const auto host = parse_host_pattern(text);
  return host ? host->text : host.error();
}

TEST(HostPattern, IsLowerCaseWithoutTrailingDot) {
  EXPECT_EQ(host_of("API.Example.COM."), "api.example.com");
  EXPECT_EQ(host_of("*.Example.com"), "*.example.com");
  EXPECT_EQ(host_of("[::1]"), "[::1]");
  EXPECT_EQ(host_of("127.0.0.1"), "127.0.0.1");
}

TEST(HostPattern, SaysWhatIsWrong) {
  EXPECT_THAT(host_of("*"), HasSubstr("leave `host` out"));
  EXPECT_THAT(host_of(""), HasSubstr("is empty"));
  EXPECT_THAT(host_of("*."), HasSubstr("is empty"));
  EXPECT_THAT(host_of("a.*.com"), HasSubstr("only *.SUFFIX"));
  EXPECT_THAT(host_of("*api.example.com"), HasSubstr("only *.SUFFIX"));
  EXPECT_THAT(host_of("api.example.com:8443"), HasSubstr("leave it out"));
  EXPECT_THAT(host_of("[::1]:80"), HasSubstr("leave it out"));
  EXPECT_THAT(host_of("user@example.com"), HasSubstr("is not a host name"));
}

}  // namespace
}  // namespace gw::policy
