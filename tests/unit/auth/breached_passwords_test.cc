// SPDX-License-Identifier: Apache-2.0
#include "auth/breached_passwords.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/scratch_dir.h"

namespace gw::auth {
namespace {

// SHA-1 of "password".
constexpr const char* kPrefix = "5BAA6";
constexpr const char* kSuffix = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

TEST(BreachedPasswords, AreFoundInEitherCaseAndWithAnyEndOfLine) {
  for (const std::string& line : {std::string(kSuffix) + ":3", std::string(kSuffix),
                                  std::string("1e4c9b93f3f0682250b6cf8331b7ee68fd8:3\r")}) {
    for (const char* ending : {"", ".txt"}) {
      test::ScratchDir dir;
      std::ofstream(dir / (std::string(kPrefix) + ending)) << "0000000000000000000000000000000000A:1\n"
                                                           << line << "\n";
      EXPECT_TRUE(is_breached(dir / "", SecretString("password"))) << line << ending;
      EXPECT_FALSE(is_breached(dir / "", SecretString("password1"))) << line << ending;
    }
  }
}

TEST(BreachedPasswords, PaddingAndOtherLinesAreNoEntries) {
  test::ScratchDir dir;
  std::ofstream(dir / kPrefix) << kSuffix << ":0\r\n"
                               << kSuffix << "0:5\n"
                               << std::string(kSuffix, 30) << "\n\n";
  EXPECT_FALSE(is_breached(dir / "", SecretString("password")));
  EXPECT_FALSE(is_breached(dir / "nowhere", SecretString("password")));
}

}  // namespace
}  // namespace gw::auth
