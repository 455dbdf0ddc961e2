// SPDX-License-Identifier: Apache-2.0
#include "exchange/services.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace gw::exchange {
namespace {

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
