// SPDX-License-Identifier: Apache-2.0
#include "policy/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::policy {
namespace {

using ::testing::HasSubstr;

std::string rewritten(const Rewrite& options, std::string_view path) {
  const auto rewriter = PathRewriter::parse(options);
  if (!rewriter) return rewriter.error();
  std::string scratch;
  const auto result = rewriter->apply(path, scratch);
  return result ? std::string(*result) : std::string(info_of(result.error().fault).code);
}

TEST(Rewrite, WithoutOptionsChangesNothing) {
  EXPECT_EQ(rewritten({}, "/a/b"), "/a/b");
}

TEST(Rewrite, StripsWholeSegments) {
  const Rewrite options{.strip_prefix = "/api", .add_prefix = ""};

  EXPECT_EQ(rewritten(options, "/api/x"), "/x");
  EXPECT_EQ(rewritten(options, "/api/"), "/");
  EXPECT_EQ(rewritten(options, "/api"), "/");
  EXPECT_EQ(rewritten(options, "/apix/y"), "/apix/y");
  EXPECT_EQ(rewritten(options, "/api../admin"), "/api../admin");
  EXPECT_EQ(rewritten(options, "/api;v=1/x"), "/api;v=1/x");
  EXPECT_EQ(rewritten(options, "/x/api"), "/x/api");
}

TEST(Rewrite, StripsThePrefixOnce) {
  EXPECT_EQ(rewritten({.strip_prefix = "/a", .add_prefix = ""}, "/a/a/b"), "/a/b");
}

TEST(Rewrite, AddsAPrefixAndKeepsTheTrailingSlash) {
  const Rewrite options{.strip_prefix = "/orders", .add_prefix = "/v1"};

  EXPECT_EQ(rewritten(options, "/orders/7"), "/v1/7");
  EXPECT_EQ(rewritten(options, "/orders/"), "/v1/");
  EXPECT_EQ(rewritten(options, "/orders"), "/v1");
  EXPECT_EQ(rewritten(options, "/else"), "/v1/else");
  EXPECT_EQ(rewritten({.strip_prefix = "", .add_prefix = "/v1"}, "/"), "/v1/");
}

TEST(Rewrite, LeavesAnAsteriskAlone) {
  EXPECT_EQ(rewritten({.strip_prefix = "", .add_prefix = "/v1"}, "*"), "*");
}

TEST(Rewrite, RefusesAResultThatNormalisationWouldChange) {
  const Rewrite options{.strip_prefix = "/api", .add_prefix = ""};

  EXPECT_EQ(rewritten(options, "/api//x"), "bad_path");
  EXPECT_EQ(rewritten(options, "/api/../admin"), "bad_path");
  EXPECT_EQ(rewritten(options, "/api/%61"), "bad_path");
}

TEST(Rewrite, OfWholeSegmentsThatAreNormalisedOnly) {
  const auto strip = [](const char* prefix) {
    return rewritten({.strip_prefix = prefix, .add_prefix = ""}, "/");
  };

  EXPECT_THAT(strip("api"), HasSubstr("does not begin with /"));
  EXPECT_THAT(strip("/api/"), HasSubstr("leave the / out"));
  EXPECT_THAT(strip("/"), HasSubstr("leave the / out"));
  EXPECT_THAT(strip("/a/{id}"), HasSubstr("no patterns"));
  EXPECT_THAT(strip("/a/**"), HasSubstr("no patterns"));
  EXPECT_THAT(strip("/a?b"), HasSubstr("no query"));
  EXPECT_THAT(strip("/a//b"), HasSubstr("write \"/a/b\""));
  EXPECT_THAT(strip("/a;x"), HasSubstr(";parameters"));
  EXPECT_THAT(strip("/a%2fb"), HasSubstr("not a path that a request can have"));
  EXPECT_THAT(rewritten({.strip_prefix = "", .add_prefix = "v1"}, "/"), HasSubstr("add_prefix \"v1\""));
}

}  // namespace
}  // namespace gw::policy
