// SPDX-License-Identifier: Apache-2.0
// What stands at the top of the tree, and how every source file begins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/house/source_tree.h"

namespace gw::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::StartsWith;

TEST(Tree, HasNothingElseAtItsTop) {
  const std::set<std::string> known{"CMakeLists.txt", "gateway", "plugins", "conf",      "tests",
                                    "deploy",         "docs",    "LICENSE", "README.md", "CMakePresets.json"};
  for (const auto& entry : fs::directory_iterator(source_root())) {
    const std::string name = entry.path().filename();
    if (name.front() == '.' || name == "build") continue;
    EXPECT_THAT(known, Contains(name));
  }
  for (const std::string& name : known) EXPECT_TRUE(fs::exists(source_root() / name)) << name;
}

TEST(Tree, EverySourceFileBeginsWithItsLicence) {
  std::size_t checked = 0;
  for (const char* top : {"gateway", "plugins", "tests"}) {
    for (const fs::path& file : files_below(top, {".h", ".cc", ".c"})) {
      const std::string line =
          file.extension() == ".c" || file.string().find("/plugins/abi/") != std::string::npos
              ? "SPDX-License-Identifier: Apache-2.0"
              : "// SPDX-License-Identifier: Apache-2.0\n";
      const std::string text = read_text(file);
      EXPECT_NE(text.substr(0, text.find('\n') + 1).find(line), std::string::npos) << file;
      ++checked;
    }
  }
  EXPECT_GT(checked, 50u);
}

TEST(Tree, EveryHeaderIsIncludedOnce) {
  for (const fs::path& file : files_below("gateway", {".h"}))
    EXPECT_NE(read_text(file).find("\n#pragma once\n"), std::string::npos) << file;
}

}  // namespace
}  // namespace gw::test
