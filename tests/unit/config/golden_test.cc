// SPDX-License-Identifier: Apache-2.0
// tests/golden/config/NAME.yaml gives exactly the lines of NAME.txt. With GW_UPDATE_GOLDEN=1 in the
// environment the .txt files are written instead, to be read before they are committed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "config/load.h"

namespace gw::config {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(GW_SOURCE_DIR) / "tests" / "golden" / "config";

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string issues_of(const std::string& name) {
  LoadOptions options;
  options.file = name + ".yaml";
  options.folder = kFolder.string();
  options.environment = [](const std::string& variable) -> std::optional<std::string> {
    if (variable == "PORT") return "8443";
    if (variable == "EMPTY") return "";
    return std::nullopt;
  };
  std::string text = load_text(read(kFolder / (name + ".yaml")), options).issues.format();
  for (std::size_t at; (at = text.find(kFolder.string())) != std::string::npos;)
    text.replace(at, kFolder.string().size(), "FOLDER");
  return text;
}

class EachBrokenFile : public testing::TestWithParam<std::string> {};

TEST_P(EachBrokenFile, GivesExactlyItsErrorLines) {
  const std::string found = issues_of(GetParam());
  const std::filesystem::path expected = kFolder / (GetParam() + ".txt");
  if (std::getenv("GW_UPDATE_GOLDEN") != nullptr) std::ofstream(expected, std::ios::binary) << found;

  EXPECT_EQ(found, read(expected)) << "in " << expected;
  EXPECT_THAT(found, testing::HasSubstr(GetParam() + ".yaml:"));
}

INSTANTIATE_TEST_SUITE_P(Golden, EachBrokenFile, testing::ValuesIn(names()),
                         [](const auto& each) { return each.param; });

TEST(GoldenFiles, AreAtLeastSixty) {
  EXPECT_GE(names().size(), 60u);
}

}  // namespace
}  // namespace gw::config
