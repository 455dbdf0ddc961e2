// SPDX-License-Identifier: Apache-2.0
#include "fetch/url.h"

#include <gtest/gtest.h>

namespace gw::fetch {
namespace {

TEST(Url, IsTakenApart) {
  const auto url = parse_url("https://Idp.Example.com:8443/realms/a/jwks?x=1");
  ASSERT_TRUE(url) << url.error();
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "idp.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/realms/a/jwks?x=1");
  EXPECT_EQ(parse_url("https://a")->path, "/");
  EXPECT_EQ(parse_url("https://a?q")->path, "/?q");
  EXPECT_EQ(parse_url("https://[::1]:1/")->host, "::1");
}

TEST(Url, IsPlainHttpOnLoopbackAlone) {
  for (const char* good : {"http://localhost/", "http://127.0.0.1:80/x", "http://127.8.9.1", "http://[::1]/"})
    EXPECT_TRUE(parse_url(good)) << good;
  for (const char* bad :
       {"http://idp.example.com/", "http://127.0.0.1.example.com/", "http://10.0.0.1/",
        "http://localhost.example.com/", "http://[::2]/", "http://127.1/", "http://0.0.0.0/"})
    EXPECT_FALSE(parse_url(bad)) << bad;
}

TEST(Url, ThatIsOddIsNone) {
  for (const char* bad : {"",
                          "a",
                          "//a/",
                          "https:/a",
                          "https://",
                          "https:///x",
                          "HTTPS://a/",
                          "ftp://a/",
                          "file:///etc/passwd",
                          "https://u:p@a/",
                          "https://a@b/",
                          "https://a:/",
                          "https://a:0/",
                          "https://a:65536/",
                          "https://a:1x/",
                          "https://a b/",
                          "https://a/ b",
                          "https://a/\n",
                          "https://a/#f",
                          "https://a\\b/",
                          "https://a/\\b",
                          "https://[::1/",
                          "https://[a]/",
                          "https://[127.0.0.1]/",
                          "https://\xC3\xA4/",
                          "https://a/\x7F",
                          "https://a%2eb/",
                          "https://a:443:1/"})
    EXPECT_FALSE(parse_url(bad)) << bad;
  EXPECT_FALSE(parse_url("https://a/" + std::string(3000, 'x')));
}

TEST(Url, HasAnOrigin) {
  const auto origin_of = [](const char* text) { return *parse_url(text); };
  const Url here = origin_of("https://a/x");
  EXPECT_TRUE(here.is_same_origin(origin_of("https://A:443/y")));
  EXPECT_FALSE(here.is_same_origin(origin_of("https://a:444/x")));
  EXPECT_FALSE(here.is_same_origin(origin_of("https://b/x")));
  EXPECT_FALSE(origin_of("https://localhost/").is_same_origin(origin_of("http://localhost:443/")));
}

}  // namespace
}  // namespace gw::fetch
