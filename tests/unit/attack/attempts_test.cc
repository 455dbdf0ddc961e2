// SPDX-License-Identifier: Apache-2.0
// The table of attempts says what it should, and its texts become the bytes that are meant.
#include "attack/attempts.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "attack/shot.h"
#include "attack/text.h"
#include "attack/wire.h"

namespace gw::attack {
namespace {

TEST(Attempts, AreAtLeastTwoHundredOfEveryKindWithTheirSources) {
  std::map<std::string, int> kinds;
  std::set<std::string> names;
  for (const Attempt& attempt : all_attempts()) {
    ++kinds[attempt.kind];
    EXPECT_TRUE(names.insert(attempt.kind + ": " + attempt.name).second) << attempt.name;
    EXPECT_FALSE(attempt.source.empty()) << attempt.name;
    EXPECT_EQ(attempt.expect == Expect::unseen, !attempt.field.empty()) << attempt.name;
  }
  EXPECT_GE(all_attempts().size(), 200u);
  for (const char* kind : {"path", "identity", "token", "smuggling", "request line", "credentials"})
    EXPECT_GE(kinds[kind], 20) << kind;
  EXPECT_GE(kinds["http2"], 80);
  EXPECT_GE(kinds["method"], 3);
  EXPECT_GE(kinds["oversize"], 3);
}

Target target_of(const policy::Route& route) {
  return {&route, "api.example.com", "/admin/x", "GET", "", {}, false};
}

Words words() {
  Words words{
      {"host", "api.example.com"}, {"method", "GET"}, {"canary", "gw-canary"}, {"id", "X-Auth-Subject"}};
  add_paths(words, "/admin/x", "/public/y");
  return words;
}

TEST(Attempts, LeaveNoPlaceholderInTheirRequests) {
  const policy::Route route;
  const Target target = target_of(route);
  Words all = words();
  for (const char* name : {"post", "cookie", "role", "inlen", "inlen+5", "inhex", "long:header", "long:uri",
                           "many:fields", "over:body", "jwt", "scheme"})
    all[name] = "1";
  for (const Attempt& attempt : all_attempts()) {
    const Shot shot{attempt, target, all};
    const std::string request = attempt.http2 ? shown(compose_framed(shot)) : compose(shot);
    EXPECT_EQ(request.find('{'), std::string::npos) << request;
    EXPECT_NE(request.find("\n"), std::string::npos) << attempt.name;
  }
}

TEST(Texts, KnowThePathsInAllForms) {
  const Words all = words();
  EXPECT_EQ(expand("{open}{up}{path}", all), "/public/y/../../admin/x");
  EXPECT_EQ(expand("{open}{up%}{path}", all), "/public/y/%2e%2e/%2e%2e/admin/x");
  EXPECT_EQ(expand("{first}%2f{rest}", all), "/admin%2fx");
  EXPECT_EQ(expand("/%2f{tail}", all), "/%2fadmin/x");
  EXPECT_EQ(expand("{path%}", all), "/%61%64%6d%69%6e/%78");
  EXPECT_EQ(expand("{path%%}", all), "/%2561%2564%256d%2569%256e/%2578");
  EXPECT_EQ(expand("{PATH} {nobody} {", all), "/ADMIN/X {nobody} {");
}

TEST(Texts, SpellNamesAsCarelessServersReadThem) {
  const Words all = words();
  EXPECT_EQ(expand("{id:lower} {id:upper} {id:_} {id:.} {id:-_} {id:_upper} {long:3}", all),
            "x-auth-subject X-AUTH-SUBJECT X_Auth_Subject X.Auth.Subject X-Auth_Subject X_AUTH_SUBJECT aaa");
  EXPECT_EQ(folded("X_Auth.SUBJECT"), folded("x-auth-subject"));
}

const Attempt& find(const std::string& name) {
  for (const Attempt& attempt : all_attempts())
    if (attempt.name == name) return attempt;
  throw std::logic_error(name);
}

Heard hear(std::string bytes) {
  return {true, false, std::move(bytes), {}};
}

bool gets_through(const std::string& name, const Heard& heard, const std::vector<std::string>& forwarded) {
  static const policy::Route route;
  static const Target target = target_of(route);
  return is_through({find(name), target, words()}, {heard, forwarded});
}

TEST(Judge, TakesAnAnswerOrARequestUpstreamForAWayIn) {
  const Heard refused = hear("HTTP/1.1 401 Unauthorized\r\n\r\n");
  EXPECT_FALSE(gets_through("no credential at all", refused, {}));
  EXPECT_FALSE(gets_through("no credential at all", hear("HTTP/1.1 303 See Other\r\n\r\n"), {}));
  EXPECT_FALSE(gets_through("no credential at all", hear(""), {}));
  EXPECT_TRUE(gets_through("no credential at all", hear("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 401"), {}));
  EXPECT_TRUE(gets_through("no credential at all", refused, {"GET /admin/x HTTP/1.1\r\n\r\n"}));
  EXPECT_TRUE(gets_through("no credential at all", hear("<html>"), {})) << "HTTP/0.9";
}

TEST(Judge, LooksForTheCanaryInEverySpellingOfTheField) {
  const Heard ok = hear("HTTP/1.1 200 OK\r\n\r\nok");
  EXPECT_TRUE(
      gets_through("the subject header", ok, {"GET / HTTP/1.1\r\nx_auth.subject: gw-canary\r\n\r\n"}));
  EXPECT_TRUE(gets_through("the subject header", hear("HTTP/1.1 200 OK\r\n\r\nX: gw-canary"), {}));
  EXPECT_FALSE(gets_through("the subject header", ok, {"GET / HTTP/1.1\r\nX-Auth-Subject: alice\r\n\r\n"}));
  EXPECT_FALSE(gets_through("the subject header", ok, {"GET / HTTP/1.1\r\nX-Other: gw-canary\r\n\r\n"}));
}

TEST(Judge, CountsRequestsThatComeOutOfOne) {
  const Heard one = hear("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok");
  EXPECT_FALSE(
      gets_through("a request in a body", one, {"POST / HTTP/1.1\r\n\r\nGET /gw-smuggled HTTP/1.1"}));
  EXPECT_TRUE(gets_through("a request in a body", one,
                           {"POST / HTTP/1.1\r\n\r\n", "GET /gw-smuggled HTTP/1.1\r\n\r\n"}));
  EXPECT_TRUE(gets_through("a request in a body",
                           hear("HTTP/1.1 200 OK\r\n\r\nokHTTP/1.1 404 Not Found\r\n\r\n"), {}));
}

}  // namespace
}  // namespace gw::attack
