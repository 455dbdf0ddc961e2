// SPDX-License-Identifier: Apache-2.0
#include "plugin/plugin_library.h"

#include <gmock/gmock.h>

#include <fstream>

#include "support/backend_fixture.h"

namespace gw::plugin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string problem_of(const std::string& folder, std::string_view name) {
  const auto table = load_library(folder, name);
  EXPECT_FALSE(table.ok()) << name;
  return table ? "" : table.error();
}

TEST(PluginLibrary, ThePluginsOfThisBuildFit) {
  for (const char* name : {"sqlite", "file"}) {
    const auto table = load_library(test::kPluginDir, name);
    ASSERT_TRUE(table.ok()) << table.error();
    EXPECT_EQ(table->abi_version, GATEWARDEN_ABI_VERSION);
  }
}

TEST(PluginLibrary, APluginThatIsNotThereIsNamedWithThoseThatAre) {
  EXPECT_THAT(problem_of(test::kPluginDir, "sqlitte"),
              AllOf(HasSubstr("\"sqlitte\" is not in"), HasSubstr("file, "), HasSubstr("sqlite")));
  EXPECT_THAT(problem_of("/nonexistent", "sqlite"), HasSubstr("server.plugin_dir"));
}

TEST(PluginLibrary, ANameCannotLeadOutOfTheFolder) {
  const std::string file_in_folder = test::kPluginDir;
  const std::string nul("sqlite\0x", 8);
  for (const std::string_view name :
       {std::string_view(""), std::string_view("../plugins/gatewarden_sqlite"), std::string_view("sqlite/"),
        std::string_view("/etc/passwd"), std::string_view("SQLite"), std::string_view("sqlite.so"),
        std::string_view("sq lite"), std::string_view("sqlite\n"), std::string_view(nul),
        std::string_view("é")}) {
    EXPECT_THAT(problem_of(file_in_folder, name), HasSubstr("is no plugin's name")) << name;
  }
  EXPECT_THAT(problem_of(file_in_folder, std::string(65, 'a')), HasSubstr("is no plugin's name"));
}

TEST(PluginLibrary, AnotherVersionIsRefusedAndBothAreNamed) {
  EXPECT_THAT(problem_of(test::kFixtureDir, "wrong_version"),
              AllOf(HasSubstr("version 4711"), HasSubstr("this gateway 1")));
}

TEST(PluginLibrary, ATableThatIsTooShortIsRefused) {
  EXPECT_THAT(problem_of(test::kFixtureDir, "short_table"), HasSubstr("table of functions has 8 bytes"));
}

TEST(PluginLibrary, ATableOfBeforeTheVersionGrewIsTakenAndWhatItLacksIsNull) {
  const auto table = load_library(test::kFixtureDir, "early_table");
  ASSERT_TRUE(table.ok()) << table.error();
  EXPECT_NE(table->find_id, nullptr);
  EXPECT_EQ(table->replace_password_hash, nullptr);  // the bytes behind the table are not functions
}

TEST(PluginLibrary, AFileIsLoadedByItsPathToo) {
  EXPECT_TRUE(load_library_file(test::kPluginDir + "/gatewarden_file.so").ok());
  EXPECT_THAT(load_library_file("gatewarden_nowhere.so").error(), HasSubstr("there is no file"));
}

TEST(PluginLibrary, ATableWithoutVerifyIsRefused) {
  EXPECT_THAT(problem_of(test::kFixtureDir, "lacks_verify"), HasSubstr("its table lacks"));
}

TEST(PluginLibrary, WhatIsNoPluginIsRefused) {
  EXPECT_THAT(problem_of(test::kFixtureDir, "no_entry"), HasSubstr("exports no gatewarden_plugin_load()"));
  EXPECT_THAT(problem_of(test::kFixtureDir, "null_table"), HasSubstr("gave no table"));

  const test::ScratchDir folder;
  std::ofstream(folder / "gatewarden_text.so") << "not a shared library";
  EXPECT_THAT(problem_of(folder.path().string(), "text"), HasSubstr("cannot be loaded"));
}

}  // namespace
}  // namespace gw::plugin
