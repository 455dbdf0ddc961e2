// SPDX-License-Identifier: Apache-2.0
#include "cli/access_records.h"

#include <gmock/gmock.h>

#include <sstream>

namespace gw::cli {
namespace {

using ::testing::HasSubstr;

Result<ReadRecords, std::string> read(const std::string& text, std::vector<AccessRecord>& seen) {
  std::istringstream in(text);
  return read_access_records(in, "access.log", [&](const AccessRecord& record) { seen.push_back(record); });
}

const std::string kLine =
    R"({"method":"GET","path":"/a","status":200,"route":"a","sub":"x","claims":{"t":1}})";

TEST(AccessRecords, AreReadLineByLineBesideWhateverElseIsInTheFile) {
  std::vector<AccessRecord> seen;
  const auto read_ones = read(kLine + "\nno json\n\n{\"message\":\"ready\"}\r\n" + kLine, seen);
  ASSERT_TRUE(read_ones);
  EXPECT_EQ(read_ones->records, 2u);
  EXPECT_EQ(read_ones->others, 3u);
  ASSERT_EQ(seen.size(), 2u);
  for (const AccessRecord& record : seen) {
    EXPECT_EQ(record.path, "/a");
    EXPECT_EQ(record.status, 200);
    EXPECT_TRUE(record.claims);
  }
  std::vector<AccessRecord> none;
  EXPECT_EQ(read("", none)->records, 0u);
  EXPECT_THAT(read("something else\n", none).error(), HasSubstr("no line of the access log"));
}

TEST(AccessRecords, ALineWithoutEndIsAnErrorAndNotHeldInMemory) {
  std::vector<AccessRecord> seen;
  const std::string longest(kLongestRecord, 'x');
  EXPECT_TRUE(read(kLine + "\n" + longest + "\n" + kLine + "\n", seen)) << "may be of something else";
  EXPECT_EQ(seen.size(), 2u);
  for (const char* end : {"", "\n", "xxxx\n"}) {
    const auto refused = read(kLine + "\n" + kLine + "\n" + longest + "x" + end, seen);
    if (refused) {  // the file ends with it: it was read as a whole
      EXPECT_STREQ(end, "");
      continue;
    }
    EXPECT_EQ(refused.error(), "access.log: line 3 is longer than 1 MiB: that is no access log");
  }
}

}  // namespace
}  // namespace gw::cli
