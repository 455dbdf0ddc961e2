// SPDX-License-Identifier: Apache-2.0
#include "exchange/hop_by_hop.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gw::exchange {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

// The names of the fields that go further; "refused" when none do.
std::string remaining(const Lines& lines) {
  http::Fields fields;
  for (const auto& [name, value] : lines) fields.add(name, value);
  if (!drop_hop_by_hop(fields)) return "refused";
  std::string names;
  for (const http::Field& field : fields)
    if (!field.dropped) names.append(names.empty() ? "" : " ").append(field.name);
  return names;
}

TEST(HopByHop, FieldsOfOneConnectionGoNoFurther) {
  for (const std::string name :
       {"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade", "Transfer-Encoding",
        "Proxy-Authorization", "Proxy-Authenticate", "HTTP2-Settings", "connection", "KEEP-ALIVE", "te"})
    EXPECT_EQ(remaining({{"A", "1"}, {name, "x"}, {"B", "2"}}), "A B") << name;
}

TEST(HopByHop, FieldsThatConnectionNamesGoNoFurther) {
  EXPECT_EQ(remaining({{"X-A", "1"}, {"X-B", "2"}, {"X-C", "3"}, {"Connection", "x-a , ,\tX-C,close"}}),
            "X-B");
  EXPECT_EQ(remaining({{"X-A", "1"}, {"X-A", "2"}, {"Connection", "X-A"}}), "");
  EXPECT_EQ(
      remaining({{"Connection", "X-A"}, {"Connection", "X-B"}, {"X-A", "1"}, {"X-B", "2"}, {"X-C", "3"}}),
      "X-C");
}

TEST(HopByHop, OtherFieldsStay) {
  EXPECT_EQ(remaining({{"Accept", "*/*"}, {"Cookie", "a=b"}, {"X-Upgrade", "1"}, {"Te-x", "1"}}),
            "Accept Cookie X-Upgrade Te-x");
  EXPECT_EQ(remaining({{"X-A", "1"}, {"Connection", "X"}}), "X-A");
  EXPECT_EQ(remaining({}), "");
}

TEST(HopByHop, MoreNamesThanAnyHonestPeerSendsAreRefused) {
  std::string few, many;
  for (int i = 0; i < 64; ++i) few += "a" + std::to_string(i) + ",";
  many = few + "one-more";
  EXPECT_EQ(remaining({{"X-A", "1"}, {"Connection", few}}), "X-A");
  EXPECT_EQ(remaining({{"X-A", "1"}, {"Connection", many}}), "refused");
  EXPECT_EQ(remaining({{"Connection", few}, {"Connection", "one-more"}}), "refused");
}

}  // namespace
}  // namespace gw::exchange
