// SPDX-License-Identifier: Apache-2.0
#include "base/zeroed_array.h"

#include <gtest/gtest.h>

#include <fstream>

namespace gw {
namespace {

long resident_pages() {
  long total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident;
}

TEST(ZeroedArray, IsNoMemoryUntilItIsUsed) {
  const long before = resident_pages();
  ZeroedArray<std::uint64_t> array(std::size_t{8} << 20);
  EXPECT_LT(resident_pages() - before, 1000);
  array[5] = 1;
  array[array.size() - 1] = 2;
  EXPECT_EQ(array[5], 1u);
  EXPECT_EQ(array[6], 0u);
  EXPECT_EQ(array[array.size() - 1], 2u);
}

TEST(ZeroedArray, MayHoldNothing) {
  EXPECT_EQ(ZeroedArray<int>(0).size(), 0u);
}

}  // namespace
}  // namespace gw
