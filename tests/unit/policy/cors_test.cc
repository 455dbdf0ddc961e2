// SPDX-License-Identifier: Apache-2.0
#include "policy/cors.h"

#include <gtest/gtest.h>

namespace gw::policy {
namespace {

// The fields of an answer that are left, one a line.
std::string text_of(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields)
    if (!field.dropped) text.append(field.name).append(": ").append(field.value).append("\n");
  return text;
}

CorsOptions of(std::vector<std::string> origins) {
  CorsOptions options;
  options.origins = std::move(origins);
  return options;
}

std::string answer(const Cors& cors, std::string_view origin) {
  http::Fields fields;
  fields.add("access-control-allow-origin", "https://evil.example");  // an upstream's
  fields.add("Access-Control-Allow-Private-Network", "true");
  cors.apply(fields, origin);
  return text_of(fields);
}

TEST(Cors, NamesTheOriginThatAsked) {
  const Cors cors(of({"https://app.example.com", "http://localhost:3000"}), {});
  EXPECT_EQ(answer(cors, "http://localhost:3000"),
            "Vary: Origin\nAccess-Control-Allow-Origin: http://localhost:3000\n");
}

TEST(Cors, SaysNothingToOthers) {
  const Cors cors(of({"https://app.example.com"}), {});
  for (const std::string_view origin :
       {"", "null", "https://app.example.com.evil.example", "http://app.example.com",
        "https://app.example.com:443", "https://APP.example.com", "https://app.example.co"})
    EXPECT_EQ(answer(cors, origin), "Vary: Origin\n") << origin;
}

TEST(Cors, ForEverybodyDoesNotVary) {
  const Cors cors(of({"*"}), {});
  EXPECT_EQ(answer(cors, "https://any.example"), "Access-Control-Allow-Origin: *\n");
  EXPECT_EQ(answer(cors, ""), "");
}

TEST(Cors, AnswersAPreflightWithTheMethodsOfTheRoute) {
  CorsOptions options = of({"https://app.example.com"});
  options.headers = {"Authorization", "X-Trace"};
  options.credentials = true;
  options.max_age = 1h;
  const Cors cors(options, {"GET", "DELETE"});
  http::Fields fields;
  cors.apply_to_preflight(fields, "https://app.example.com");
  EXPECT_EQ(text_of(fields),
            "Vary: Origin\nAccess-Control-Allow-Origin: https://app.example.com\n"
            "Access-Control-Allow-Credentials: true\nAccess-Control-Allow-Methods: GET, DELETE\n"
            "Access-Control-Allow-Headers: Authorization, X-Trace\nAccess-Control-Max-Age: 3600\n");
}

TEST(Preflights, AreOptionsWithAnOriginAndAMethod) {
  http::RequestHead head;
  head.method = http::Method::options;
  head.fields.add("Origin", "https://app.example.com");
  EXPECT_EQ(preflight_method(head), "");
  head.fields.add("Access-Control-Request-Method", "PUT");
  EXPECT_EQ(preflight_method(head), "PUT");
  head.method = http::Method::get;
  EXPECT_EQ(preflight_method(head), "");
  head.method = http::Method::options;
  head.fields.add("Origin", "https://evil.example");
  EXPECT_EQ(preflight_method(head), "");
}

}  // namespace
}  // namespace gw::policy
