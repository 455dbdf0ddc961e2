// SPDX-License-Identifier: Apache-2.0
#include "base/program_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace gw {
namespace {

// KiB of pages of programs and libraries that nobody can write to.
long resident_program_kib() {
  std::ifstream maps("/proc/self/smaps");
  long sum = 0;
  bool is_counted = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string first, second;
    words >> first >> second;
    if (first == "Rss:" && is_counted) sum += std::stol(second);
    if (first.find('-') != std::string::npos && first.back() != ':')
      is_counted = second[1] == '-' && second[2] == 'x' && line.find('/') != std::string::npos;
  }
  return sum;
}

TEST(ProgramPages, AreGivenBackAndComeAgain) {
  const long before = resident_program_kib();
  release_program_pages();
  const long after = resident_program_kib();
  EXPECT_GT(before, 0);
  EXPECT_LT(after, before);
  // Constants, code and tables of functions are what they were.
  std::ostringstream text;
  text << 12.5 << ' ' << std::hex << 255;
  EXPECT_EQ(text.str(), "12.5 ff");
  EXPECT_THROW((void)std::stoi("x"), std::invalid_argument);
}

}  // namespace
}  // namespace gw
