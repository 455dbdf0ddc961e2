// SPDX-License-Identifier: Apache-2.0
#include "http/path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gw::http {
namespace {

struct Row {
  const char* given;
  const char* wanted;  // the path and the query, or "bad_path"
};

std::string normalised(std::string_view target) {
  std::string scratch;
  const auto result = normalise_target(target, scratch);
  if (!result) return std::string(info_of(result.error().fault).code);
  std::string text(result->path);
  if (result->has_query) text += "?" + std::string(result->query);
  return text;
}

void expect_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(normalised(row.given), row.wanted) << row.given;
}

// A target without a fragment, merged with the base "/b/c/d;p" as a client does it before it asks.
TEST(NormaliseTarget, ResolvesTheExamplesOfRfc3986Section5_4) {
  expect_rows({
      {"/b/c/g", "/b/c/g"},
      {"/b/c/./g", "/b/c/g"},
      {"/b/c/g/", "/b/c/g/"},
      {"/g", "/g"},
      {"/b/c/d;p?y", "/b/c/d;p?y"},
      {"/b/c/g?y", "/b/c/g?y"},
      {"/b/c/;x", "/b/c/;x"},
      {"/b/c/g;x", "/b/c/g;x"},
      {"/b/c/g;x?y", "/b/c/g;x?y"},
      {"/b/c/.", "/b/c/"},
      {"/b/c/./", "/b/c/"},
      {"/b/c/..", "/b/"},
      {"/b/c/../", "/b/"},
      {"/b/c/../g", "/b/g"},
      {"/b/c/../..", "/"},
      {"/b/c/../../", "/"},
      {"/b/c/../../g", "/g"},
      {"/./g", "/g"},
      {"/b/c/g.", "/b/c/g."},
      {"/b/c/.g", "/b/c/.g"},
      {"/b/c/g..", "/b/c/g.."},
      {"/b/c/..g", "/b/c/..g"},
      {"/b/c/./../g", "/b/g"},
      {"/b/c/./g/.", "/b/c/g/"},
      {"/b/c/g/./h", "/b/c/g/h"},
      {"/b/c/g/../h", "/b/c/h"},
      {"/b/c/g;x=1/./y", "/b/c/g;x=1/y"},
      {"/b/c/g;x=1/../y", "/b/c/y"},
      {"/b/c/g?y/./x", "/b/c/g?y/./x"},
      {"/b/c/g?y/../x", "/b/c/g?y/../x"},
      // The abnormal ones: what climbs above the root is refused, not cut off.
      {"/b/c/../../../g", "bad_path"},
      {"/b/c/../../../../g", "bad_path"},
      {"/../g", "bad_path"},
  });
}

TEST(NormaliseTarget, FollowsRfc3986Section6_2_2) {
  expect_rows({
      {"/%7Bfoo%7d", "/%7Bfoo%7D"},
      {"/%7esmith/%41%5A%61%7a%30%39%2d%2E%5f", "/~smith/AZaz09-._"},
      {"/a/./b/../b/%63/%7bfoo%7d", "/a/b/c/%7Bfoo%7D"},
      {"/%3a%40%21%24", "/%3A%40%21%24"},
      {"/%e2%82%ac", "/%E2%82%AC"},
      {"/%20", "/%20"},
      {"/a%2cb", "/a%2Cb"},
      {"/%23%3F", "/%23%3F"},
  });
}

TEST(NormaliseTarget, MergesSlashesBeforeItResolvesDots) {
  expect_rows({
      {"//", "/"},
      {"//a", "/a"},
      {"/a//b///c", "/a/b/c"},
      {"/a//", "/a/"},
      {"/a//../b", "/b"},
      {"/a/b//../c", "/a/c"},
      {"//..", "bad_path"},
      {"/a//../..", "bad_path"},
      {"/.//a", "/a"},
      {"/a/.", "/a/"},
      {"/a/..", "/"},
      {"/a/b/..", "/a/"},
      {"/.", "/"},
      {"/./", "/"},
      {"/..", "bad_path"},
      {"/...", "/..."},
      {"/.../..", "/"},
      {"/.well-known/jwks.json", "/.well-known/jwks.json"},
  });
}

TEST(NormaliseTarget, TakesEscapedDotsForDots) {
  expect_rows({
      {"/public/%2e%2e/admin/x", "/admin/x"},
      {"/public/.%2e/admin/x", "/admin/x"},
      {"/public/%2E./admin/x", "/admin/x"},
      {"/public/../admin/x", "/admin/x"},
      {"/./admin/x", "/admin/x"},
      {"//admin/x", "/admin/x"},
      {"/%61dmin/x", "/admin/x"},
      {"/%2e%2e/", "bad_path"},
      {"/a/%2e", "/a/"},
  });
}

TEST(NormaliseTarget, RefusesWhatTwoServersCouldReadDifferently) {
  expect_rows({
      {"/public/..%2fadmin/x", "bad_path"},
      {"/a%2Fb", "bad_path"},
      {"/a%5cb", "bad_path"},
      {"/a%5C..%5Cadmin", "bad_path"},
      {"/public\\..\\admin\\x", "bad_path"},
      {"/\\evil.example", "bad_path"},
      {"/admin%00/x", "bad_path"},
      {"/admin%0a/x", "bad_path"},
      {"/%1f", "bad_path"},
      {"/%7f", "bad_path"},
      {"/%09", "bad_path"},
      {"/a\x01", "bad_path"},
      {"/a\tb", "bad_path"},
      {"/a\x7F", "bad_path"},
      {"/a b", "bad_path"},
      {"/\xC3\xA9", "bad_path"},
      {"/%", "bad_path"},
      {"/%4", "bad_path"},
      {"/%4g", "bad_path"},
      {"/%g4", "bad_path"},
      {"/%%41", "bad_path"},
      {"/%u002e", "bad_path"},
      {"/% 41", "bad_path"},
      {"/%+4", "bad_path"},
      {"/%252e%252e/", "bad_path"},
      {"/%252E", "bad_path"},
      {"/%252f", "bad_path"},
      {"/%255c", "bad_path"},
      {"/%25252e", "bad_path"},
      {"/%2525252F", "bad_path"},
      {"/%25%32%65", "bad_path"},
      {"/%25%32e", "bad_path"},
      {"/%2525%32%66", "bad_path"},
      {"/%c0%af", "bad_path"},
      {"/%C1%9c", "bad_path"},
      {"/%c0", "bad_path"},
      {"/%e0%80%af", "bad_path"},
      {"/%E0%9f%bf", "bad_path"},
      {"/%f0%80%80%af", "bad_path"},
      {"/%f0%8f%bf%bf", "bad_path"},
      {"/%f8%80%80%80%af", "bad_path"},
      {"/%fc%80%80%80%80%af", "bad_path"},
      {"/admin#/public", "bad_path"},
      {"/a?b#c", "bad_path"},
      {"/public/..;/admin/x", "bad_path"},
      {"/.;/a", "bad_path"},
      {"/..;x=y", "bad_path"},
      {"/..%3b/a", "bad_path"},
      {"/.%3B", "bad_path"},
      {"/%2e%2e;/a", "bad_path"},
      {"/%2e%2e%3b/a", "bad_path"},
      {"/..%253b/a", "bad_path"},
      {"/..%25253B/a", "bad_path"},
      {"/a\"b", "bad_path"},
      {"/a<b", "bad_path"},
      {"/a>b", "bad_path"},
      {"/a^b", "bad_path"},
      {"/a`b", "bad_path"},
      {"/a{b", "bad_path"},
      {"/a|b", "bad_path"},
      {"/a}b", "bad_path"},
      {"", "bad_path"},
      {"a", "bad_path"},
      {"?a", "bad_path"},
      {"**", "bad_path"},
  });
}

TEST(NormaliseTarget, PassesWhatOnlyLooksLikeIt) {
  expect_rows({
      {"*", "*"},
      {"/*", "/*"},
      {"/%2561dmin/x", "/%2561dmin/x"},
      {"/100%25", "/100%25"},
      {"/%25", "/%25"},
      {"/%252", "/%252"},
      {"/%e0%a0%80", "/%E0%A0%80"},
      {"/%f0%90%80%80", "/%F0%90%80%80"},
      {"/%fc", "/%FC"},
      {"/a;x", "/a;x"},
      {"/...;x", "/...;x"},
      {"/a.;x", "/a.;x"},
      {"/public;/../admin/x", "/admin/x"},
      {"/a[0]", "/a[0]"},
      {"/-_~!$&'()*+,=:@", "/-_~!$&'()*+,=:@"},
  });
}

TEST(NormaliseTarget, LeavesTheQueryAsItIs) {
  expect_rows({
      {"/a?", "/a?"},
      {"/a?x=/../%2e%2E//%zz%", "/a?x=/../%2e%2E//%zz%"},
      {"/a??b?", "/a??b?"},
      {"/a/../b?c/../d", "/b?c/../d"},
      {"/a?\"<>\\^`{|}", "/a?\"<>\\^`{|}"},
      {"/a?b c", "bad_path"},
      {"/a?\xC3\xA9", "bad_path"},
      {"/a?\x01", "bad_path"},
      {"/a?\x7F", "bad_path"},
  });
}

TEST(NormaliseTarget, CopiesNothingWhenNothingChanges) {
  for (const std::string target : {"/a/b-c?d", "/", "/.well-known/x", "/%20", "/a;b"}) {
    std::string scratch;
    const auto result = normalise_target(target, scratch);
    ASSERT_TRUE(result.ok()) << target;
    EXPECT_EQ(result->path.data(), target.data()) << target;
  }
}

TEST(NormaliseTarget, SaysWhetherThePathHasParameters) {
  std::string scratch;
  for (const char* target : {"/a;b", "/a%3bb", "/a/../b;c", "/;"})
    EXPECT_TRUE(normalise_target(target, scratch)->has_parameters) << target;
  for (const char* target : {"/a", "/a?b;c", "/a;x/../b", "/a%253b"})
    EXPECT_FALSE(normalise_target(target, scratch)->has_parameters) << target;
}

TEST(NormaliseTarget, ChangesNothingTheSecondTime) {
  for (const std::string target : {"/a/../b//%7e%c3%a9;x/./", "//%2e/a%3bb/..", "/%2561", "/a/b/..?q"})
    EXPECT_EQ(normalised(normalised(target)), normalised(target)) << target;
}

TEST(WithoutParameters, TakesThemOutOfEverySegment) {
  const std::vector<Row> rows = {
      {"/a/b", "/a/b"},       {"/a;x=y/b", "/a/b"}, {"/admin;a=b/x", "/admin/x"},
      {"/a;b;c/d;e", "/a/d"}, {"/a;", "/a"},        {"/a%3Bx/b", "/a/b"},
      {"/;x/a", "/a"},        {"/a/;x/b", "/a/b"},  {"/a/;x", "/a/"},
      {"/a;x/", "/a/"},       {"/;x", "/"},         {"/a%3bx", "/a"},
  };
  for (const Row& row : rows) {
    std::string scratch;
    EXPECT_EQ(without_parameters(row.given, scratch), row.wanted) << row.given;
  }
}

TEST(NormaliseHost, GivesOneFormForComparison) {
  const std::vector<Row> rows = {
      {"a.example", "a.example"},
      {"ADMIN.Example.COM.", "admin.example.com"},
      {"a.example:443", "a.example"},
      {"a.example.:443", "a.example"},
      {"a:", "a"},
      {"a:65535", "a"},
      {"127.0.0.1:80", "127.0.0.1"},
      {"[::1]", "[::1]"},
      {"[2001:DB8::A]:8443", "[2001:db8::a]"},
      {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"},
      {"a_b-c~d", "a_b-c~d"},
  };
  for (const Row& row : rows) {
    std::string scratch;
    EXPECT_EQ(normalise_host(row.given, scratch), row.wanted) << row.given;
  }
}

TEST(NormaliseHost, IsEmptyForWhatIsNoHost) {
  const std::string too_long(256, 'a');
  for (const std::string_view host :
       {std::string_view(""),          std::string_view("."),          std::string_view("a.."),
        std::string_view(".a"),        std::string_view("a..b"),       std::string_view("u@a"),
        std::string_view("a b"),       std::string_view("a/b"),        std::string_view("a,b"),
        std::string_view("a%41"),      std::string_view("a:65536"),    std::string_view("a:x"),
        std::string_view("a:1:2"),     std::string_view("a:000080"),   std::string_view(":80"),
        std::string_view("::1"),       std::string_view("["),          std::string_view("[]"),
        std::string_view("[::1"),      std::string_view("[::1]x"),     std::string_view("[::1]."),
        std::string_view("[1.2.3.4]"), std::string_view("[::1%25lo]"), std::string_view("[v1.a]"),
        std::string_view("a\0", 2),    std::string_view("[::1\0]", 6), std::string_view(too_long)}) {
    std::string scratch;
    EXPECT_EQ(normalise_host(host, scratch), "") << host;
  }
}

TEST(NormaliseHost, CopiesNothingWhenOnlyThePortGoes) {
  const std::string host = "a.example.:443";
  std::string scratch;
  EXPECT_EQ(normalise_host(host, scratch).data(), host.data());
}

}  // namespace
}  // namespace gw::http
