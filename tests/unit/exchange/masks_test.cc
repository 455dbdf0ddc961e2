// SPDX-License-Identifier: Apache-2.0
#include "exchange/masks.h"

#include <gtest/gtest.h>

namespace gw::exchange {
namespace {

TEST(MaskQuery, HidesTheValuesOfSecretsAndNothingElse) {
  const struct {
    std::string_view query, masked;
  } rows[] = {
      {"", ""},
      {"page=2", "page=2"},
      {"token=abc", "token=***"},
      {"a=1&token=abc&b=2", "a=1&token=***&b=2"},
      {"ACCESS_TOKEN=abc", "ACCESS_TOKEN=***"},
      {"refresh_token=a&id_token=b&code=c&state=d", "refresh_token=***&id_token=***&code=***&state=d"},
      {"password=a&passwd=b&pwd=c", "password=***&passwd=***&pwd=***"},
      {"new_password=a&X-Amz-Security-Token=b&X-Amz-Signature=c",
       "new_password=***&X-Amz-Security-Token=***&X-Amz-Signature=***"},
      {"client_secret=a=b=c", "client_secret=***"},
      {"tok%65n=abc", "tok%65n=***"},
      {"token", "token"},
      {"token=", "token=***"},
      {"token[]=abc", "token[]=***"},
      {"a=1;token=abc;b=2&c=3", "a=1;token=***&c=3"},
      {"token=abc;def&c=3", "token=***&c=3"},
      {"&&a=1&", "&&a=1&"},
      {"zipcode=1&keyword=2", "zipcode=1&keyword=2"},
      {"=token", "=token"},
  };
  for (const auto& row : rows) EXPECT_EQ(mask_query(row.query), row.masked) << row.query;
}

TEST(MaskPath, HidesTheParametersOfSegmentsThatCouldBeSecrets) {
  const struct {
    std::string_view path, masked;
  } rows[] = {
      {"/a/b", "/a/b"},
      {"/", "/"},
      {"/a;jsessionid=0123/b", "/a;jsessionid=***/b"},
      {"/a;v=1;JSESSIONID=0123", "/a;v=1;JSESSIONID=***"},
      {"/a;v=1/b;token=x;y=2/c", "/a;v=1/b;token=***/c"},
      {"/token=a/b", "/token=a/b"},  // a segment, no parameter
      {"/a;v=1/", "/a;v=1/"},
  };
  for (const auto& row : rows) EXPECT_EQ(mask_path(row.path), row.masked) << row.path;
}

TEST(MaskUrl, LeavesOutUserAndFragmentAndHidesSecrets) {
  const struct {
    std::string_view url, masked;
  } rows[] = {
      {"", ""},
      {"https://a.example/b", "https://a.example/b"},
      {"https://user:pw@a.example/b@c", "https://a.example/b@c"},
      {"https://user:p@w@a.example", "https://a.example"},
      {"https://a.example/b#access_token=x", "https://a.example/b"},
      {"https://a.example/b?x=1&code=secret#y", "https://a.example/b?x=1&code=***"},
      {"https://a.example/b;jsessionid=x?u=a@b", "https://a.example/b;jsessionid=***?u=a@b"},
      {"/reset?token=x", "/reset?token=***"},
  };
  for (const auto& row : rows) EXPECT_EQ(mask_url(row.url), row.masked) << row.url;
}

}  // namespace
}  // namespace gw::exchange
