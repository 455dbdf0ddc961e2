// SPDX-License-Identifier: Apache-2.0
#include "exchange/access_log.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "exchange/services.h"
#include "support/scratch_dir.h"

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

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LogWriter, WritesWhatIsLeftBeforeItGoes) {
  const test::ScratchDir folder;
  {
    LogWriter writer(folder / "access.log");
    writer.write("one\n");
    writer.write("two\n");
    EXPECT_EQ(writer.dropped(), 0u);
  }
  EXPECT_EQ(content_of(folder / "access.log"), "one\ntwo\n");
}

TEST(LogWriter, GoesOnInANewFileAfterARotation) {
  const test::ScratchDir folder;
  {
    LogWriter writer(folder / "access.log");
    ASSERT_EQ(std::rename((folder / "access.log").c_str(), (folder / "access.log.1").c_str()), 0);
    writer.reopen();
    writer.write("after\n");
  }
  EXPECT_EQ(content_of(folder / "access.log.1"), "");
  EXPECT_EQ(content_of(folder / "access.log"), "after\n");
}

TEST(LogWriter, SaysWhenItsFileCannotBeOpened) {
  const test::ScratchDir folder;
  EXPECT_FALSE(LogWriter(folder / "absent/access.log").is_open());
}

TEST(LogWriter, DropsAndCountsWhatDoesNotFit) {
  const test::ScratchDir folder;
  LogWriter writer(folder / "access.log");
  writer.write(std::string(9 * 1024 * 1024, 'x'));
  EXPECT_EQ(writer.dropped(), 1u);
}

TEST(IdSource, MakesIdsOf32HexDigitsThatDoNotRepeat) {
  IdSource source, other;
  std::set<std::string> seen;
  for (int i = 0; i < 5000; ++i)
    for (IdSource* each : {&source, &other}) {
      const IdSource::Id id = each->next();
      const std::string text(id.data(), id.size());
      EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos) << text;
      EXPECT_TRUE(seen.insert(text).second) << text;
    }
}

}  // namespace
}  // namespace gw::exchange
