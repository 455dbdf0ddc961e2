// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md and conf/gatewarden.yaml know every key that the loader knows. With
// GW_UPDATE_GOLDEN=1 in the environment the tables of the page are written anew, each below its `<!-- keys of
// SECTION -->`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "config/section.h"

namespace gw::config {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(std::filesystem::path(GW_SOURCE_DIR) / path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void update_page() {
  std::string page = read("docs/configuration.md");
  for (const Section* section : all_sections()) {
    const std::string marker = "<!-- keys of " + std::string(section->path) + " -->\n";
    const std::size_t at = page.find(marker);
    if (at == std::string::npos) continue;
    const std::size_t begin = at + marker.size();
    const std::size_t end = page.find("\n\n", begin) + 1;
    page.replace(begin, end - begin, format_table(*section));
  }
  std::ofstream(std::filesystem::path(GW_SOURCE_DIR) / "docs" / "configuration.md", std::ios::binary) << page;
}

TEST(Reference, HasTheTableOfEverySectionAsTheLoaderKnowsIt) {
  if (std::getenv("GW_UPDATE_GOLDEN") != nullptr) update_page();
  const std::string page = read("docs/configuration.md");
  for (const Section* section : all_sections())
    EXPECT_THAT(page, testing::HasSubstr(format_table(*section))) << "section " << section->path;
}

TEST(Reference, ShowsTheErrorsOfItsExampleAsTheyAre) {
  const std::string page = read("docs/configuration.md");
  EXPECT_THAT(page, testing::HasSubstr(read("tests/golden/config/everything_at_once.yaml")));

  std::istringstream lines(read("tests/golden/config/everything_at_once.txt"));
  int seen = 0;
  for (std::string line; std::getline(lines, line); ++seen) {
    line.replace(0, line.find('.'), "gatewarden");
    if (const std::size_t at = line.find("FOLDER"); at != std::string::npos)
      line.replace(at, 6, "/etc/gatewarden");
    EXPECT_THAT(page, testing::HasSubstr(line + "\n"));
  }
  EXPECT_GT(seen, 5);
}

TEST(Reference, AndTheAnnotatedFileNameEveryKey) {
  const std::string file = read("conf/gatewarden.yaml");
  for (const Section* section : all_sections())
    for (const Key& key : section->keys)
      EXPECT_THAT(file, testing::HasSubstr(std::string(key.name) + ":")) << section->path;
}

}  // namespace
}  // namespace gw::config
