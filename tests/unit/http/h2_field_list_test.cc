// SPDX-License-Identifier: Apache-2.0
#include "http/h2_field_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gw::http {
namespace {

using testing::ElementsAre;

// The names of those that the compression may remember, or may not.
std::vector<std::string> names(const H2FieldList& list, bool are_remembered) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const nghttp2_nv& field = list.data()[i];
    if (((field.flags & NGHTTP2_NV_FLAG_NO_INDEX) == 0) == are_remembered)
      found.emplace_back(reinterpret_cast<const char*>(field.name), field.namelen);
  }
  return found;
}

TEST(H2FieldList, KeepsSecretsAndWhatIsNeverSentAgainOutOfTheCompressionsMemory) {
  Fields fields;
  for (const char* name : {"Server", "Set-Cookie", "X-Request-Id", "Authorization", "X-Other", "Cookie"})
    fields.add(name, "value");
  const H2FieldList list(fields);
  EXPECT_THAT(names(list, true), ElementsAre("Server", "X-Other"));
  EXPECT_THAT(names(list, false), ElementsAre("Set-Cookie", "X-Request-Id", "Authorization", "Cookie"));
}

TEST(H2FieldList, LeavesBehindWhatBelongsToAConnection) {
  Fields fields;
  for (const char* name :
       {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Via"})
    fields.add(name, "value");
  EXPECT_THAT(names(H2FieldList(fields), true), ElementsAre("Via"));
}

}  // namespace
}  // namespace gw::http
