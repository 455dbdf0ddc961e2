// SPDX-License-Identifier: Apache-2.0
#include "exchange/access_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace gw::exchange {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr AccessFormat kFormats[] = {AccessFormat::json, AccessFormat::text, AccessFormat::ecs,
                                     AccessFormat::common, AccessFormat::combined};

AccessEntry usual() {
  return {.at = std::chrono::system_clock::time_point(std::chrono::milliseconds(1767323045067)),
          .request_id = "4bf9",
          .client = "192.0.2.7",
          .method = "GET",
          .host = "api.example.com",
          .path = "/orders/7",
          .query = "page=2&token=hush",
          .has_query = true,
          .version = http::Version::http2,
          .status = 200,
          .route = "orders",
          .subject = "users:alice",
          .issuer = "self",
          .received = 3,
          .sent = 5120,
          .spent = std::chrono::microseconds(1840),
          .referer = "https://user:hush@a.example/b?code=hush#hush",
          .user_agent = "curl/8"};
}

std::string line_of(AccessFormat format, const AccessEntry& entry) {
  std::string out = "before\n";
  append_access_line(out, format, entry);
  EXPECT_TRUE(out.starts_with("before\n"));
  EXPECT_EQ(out.back(), '\n');
  return out.substr(7, out.size() - 8);
}

json::Value parsed(const std::string& line) {
  auto value = json::parse(line);
  EXPECT_TRUE(value) << line;
  return value ? *value : json::Value();
}

// "http.request.method"; dots that belong to a name are tried first.
const json::Value* at(const json::Value& value, std::string_view path) {
  if (const json::Value* found = value.find(path)) return found;
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const json::Value* inner = value.find(path.substr(0, dot));
  return inner == nullptr ? nullptr : at(*inner, path.substr(dot + 1));
}

TEST(AccessLine, InCommonAndCombinedIsAsNginxWritesIt) {
  EXPECT_EQ(line_of(AccessFormat::common, usual()),
            "192.0.2.7 - users:alice [02/Jan/2026:03:04:05 +0000] "
            "\"GET /orders/7?page=2&token=*** HTTP/2.0\" 200 5120");
  EXPECT_EQ(line_of(AccessFormat::combined, usual()),
            "192.0.2.7 - users:alice [02/Jan/2026:03:04:05 +0000] "
            "\"GET /orders/7?page=2&token=*** HTTP/2.0\" 200 5120 "
            "\"https://a.example/b?code=***\" \"curl/8\"");
}

TEST(AccessLine, InCommonSaysWhatIsMissingWithADash) {
  EXPECT_EQ(line_of(AccessFormat::combined, {.client = "::1"}),
            "::1 - - [01/Jan/1970:00:00:00 +0000] \"-\" 499 0 \"-\" \"-\"");
  EXPECT_THAT(line_of(AccessFormat::common, {.method = "GET", .status = 400}),
              HasSubstr(" \"GET - HTTP/1.1\" 400"));
}

TEST(AccessLine, InTextIsForPeople) {
  EXPECT_EQ(line_of(AccessFormat::text, usual()),
            "2026-01-02T03:04:05Z 192.0.2.7 GET \"/orders/7?page=2&token=***\" 200 5120 1840us 4bf9 "
            "sub=\"users:alice\"");
}

TEST(AccessLine, InJsonHasTheNamesThatTheReadersOfLogsKnow) {
  EXPECT_EQ(line_of(AccessFormat::json, usual()),
            R"({"time":"2026-01-02T03:04:05Z","request_id":"4bf9","client":"192.0.2.7","method":"GET",)"
            R"("host":"api.example.com","path":"/orders/7","query":"page=2&token=***","status":200,)"
            R"("route":"orders","sub":"users:alice","issuer":"self","received":3,"sent":5120,"us":1840})");
}

// Types and names as https://www.elastic.co/guide/en/ecs/8.11 has them.
TEST(AccessLine, InEcsHasItsNamesAndTypes) {
  AccessEntry entry = usual();
  entry.code = "insufficient_scope";
  entry.claims = R"({"roles":["clerk"]})";
  entry.status = 403;
  const std::string line = line_of(AccessFormat::ecs, entry);
  EXPECT_TRUE(line.starts_with(R"({"@timestamp":"2026-01-02T03:04:05.067Z","log.level":"info","message":)"));
  const json::Value value = parsed(line);
  for (const auto& [path, text] : std::initializer_list<std::pair<std::string_view, std::string>>{
           {"ecs.version", "8.11.0"},
           {"message", "GET /orders/7 403"},
           {"event.kind", "event"},
           {"event.outcome", "failure"},
           {"event.reason", "insufficient_scope"},
           {"http.version", "2.0"},
           {"http.request.id", "4bf9"},
           {"http.request.method", "GET"},
           {"http.request.referrer", "https://a.example/b?code=***"},
           {"url.domain", "api.example.com"},
           {"url.path", "/orders/7"},
           {"url.query", "page=2&token=***"},
           {"client.ip", "192.0.2.7"},
           {"user.id", "users:alice"},
           {"user_agent.original", "curl/8"},
           {"rule.name", "orders"},
           {"gatewarden.issuer", "self"}}) {
    const json::Value* found = at(value, path);
    ASSERT_TRUE(found != nullptr && found->as_string() != nullptr) << path << " in " << line;
    EXPECT_EQ(*found->as_string(), text) << path;
  }
  for (const auto& [path, number] :
       std::initializer_list<std::pair<std::string_view, std::int64_t>>{{"event.duration", 1840000},
                                                                        {"http.request.body.bytes", 3},
                                                                        {"http.response.status_code", 403},
                                                                        {"http.response.body.bytes", 5120}}) {
    const json::Value* found = at(value, path);
    ASSERT_TRUE(found != nullptr && found->as_int() != nullptr) << path << " in " << line;
    EXPECT_EQ(*found->as_int(), number) << path;
  }
  EXPECT_NE(at(value, "gatewarden.claims.roles"), nullptr);
  ASSERT_NE(at(value, "event.category"), nullptr);
  EXPECT_NE(at(value, "event.category")->as_array(), nullptr);
}

TEST(AccessLine, InEcsLeavesOutWhatIsNotKnown) {
  const json::Value value = parsed(line_of(AccessFormat::ecs, {.client = "unix:"}));
  EXPECT_EQ(at(value, "client.ip"), nullptr) << "that field takes addresses alone";
  EXPECT_EQ(at(value, "http.response.status_code"), nullptr);
  for (const char* name : {"user", "user_agent", "rule", "gatewarden"})
    EXPECT_EQ(value.find(name), nullptr) << name;
}

TEST(AccessLine, EscapesWhateverCameFromOutside) {
  std::string hostile;
  for (int c = 1; c < 256; ++c) hostile += static_cast<char>(c);
  hostile += '\0';
  const std::string query = "a=" + hostile;
  for (const AccessFormat format : kFormats) {
    AccessEntry entry = usual();
    entry.host = entry.path = entry.subject = entry.referer = entry.user_agent = hostile;
    entry.query = query;
    const std::string line = line_of(format, entry);
    for (const char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      ASSERT_TRUE(byte >= 0x20 && byte != 0x7F) << static_cast<int>(format) << ": " << int{byte};
    }
    if (format == AccessFormat::json || format == AccessFormat::ecs) parsed(line);
  }
}

TEST(AccessLine, InCommonKeepsItsWordsApart) {
  AccessEntry entry = usual();
  entry.subject = "a \"b\" [c]";
  EXPECT_THAT(line_of(AccessFormat::common, entry), HasSubstr(" - a\\x20\\x22b\\x22\\x20[c] [02/Jan"));
}

TEST(AccessLine, NeverTellsASecret) {
  for (const AccessFormat format : kFormats) {
    AccessEntry entry = usual();
    entry.path = "/a;jsessionid=hush/b";
    EXPECT_THAT(line_of(format, entry), Not(HasSubstr("hush"))) << static_cast<int>(format);
  }
}

TEST(AccessLine, BoundsWhatAClientSaysOfItself) {
  const std::string endless(100000, 'x');
  for (const AccessFormat format : {AccessFormat::ecs, AccessFormat::combined}) {
    AccessEntry entry = usual();
    entry.referer = entry.user_agent = endless;
    EXPECT_LT(line_of(format, entry).size(), 4096u);
  }
}

}  // namespace
}  // namespace gw::exchange
