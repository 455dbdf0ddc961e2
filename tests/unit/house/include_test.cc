// SPDX-License-Identifier: Apache-2.0
// The rows of the house hold: a folder includes only the folders that its line in gateway/CMakeLists.txt
// names, and a third-party header only where it belongs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "unit/house/source_tree.h"

namespace gw::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Where a third-party header may be included, by the start of its name.
struct Room {
  std::string header;
  std::set<std::string> folders;
};

const std::vector<Room>& rooms() {
  static const std::vector<Room> rooms{
      {"event2/", {"net"}},
      {"event.h", {}},
      {"nghttp2/", {"http"}},
      {"hiredis", {"store", "plugins"}},
      {"libpq-fe.h", {"plugins"}},
      {"ldap.h", {"plugins"}},
      {"curl/", {"fetch", "plugins"}},
      {"seccomp.h", {"sandbox"}},
      {"linux/landlock.h", {"sandbox"}},
      {"security/", {"plugins"}},
      {"sqlite3.h", {"store", "plugins"}},
      {"yaml-cpp/", {"config"}},
      {"dlfcn.h", {"fetch", "plugin"}},
      {"nlohmann/", {"base", "plugins"}},
      {"spdlog/", {"base"}},
      {"fmt/", {"base"}},
      {"CLI/", {"cli"}},
      {"re2/", {"cel"}},
      {"argon2.h", {"auth", "plugins"}},
      {"crypt.h", {"auth", "plugins"}},
      {"openssl/", {"net", "jose", "store", "auth", "plugins"}},
  };
  return rooms;
}

// The room of a header that must stay in one; null for std and the system.
const Room* find_room(const std::string& header) {
  const auto room = std::find_if(rooms().begin(), rooms().end(),
                                 [&](const Room& known) { return header.starts_with(known.header); });
  return room == rooms().end() ? nullptr : &*room;
}

// The header of the plugins is "gatewarden/plugin.h", its row is called abi.
std::string row_of(const std::string& header) {
  const std::string folder = header.substr(0, header.find('/'));
  return folder == "gatewarden" ? "abi" : folder;
}

// "base" of gateway/base/error.h; "main.cc" of gateway/main.cc.
std::string folder_of(const fs::path& file) {
  return fs::relative(file, source_root() / "gateway").begin()->string();
}

std::string name_of(const fs::path& file) {
  return fs::relative(file, source_root()).string();
}

Rows rows_of_the_house() {
  return parse_rows(read_text(source_root() / "gateway" / "CMakeLists.txt"));
}

TEST(Includes, OfOneFolderFromAnotherFollowTheRows) {
  const Rows rows = rows_of_the_house();
  std::size_t checked = 0;
  for (const fs::path& file : files_below("gateway", {".h", ".cc"})) {
    const std::string folder = folder_of(file);
    const std::set<std::string> allowed =
        folder == "main.cc" ? allowed_for("cli", rows) : allowed_for(folder, rows);
    for (const Include& include : includes_of(file)) {
      if (include.is_system) continue;
      ASSERT_NE(include.header.find('/'), std::string::npos)
          << name_of(file) << ": \"" << include.header << "\" is written with its folder";
      EXPECT_THAT(allowed, Contains(row_of(include.header)))
          << name_of(file) << ": " << folder << " may not include \"" << include.header << "\"";
      ++checked;
    }
  }
  EXPECT_GT(checked, 100u);
}

TEST(Includes, OfThirdPartyHeadersStayInTheirFolders) {
  std::size_t checked = 0;
  for (const char* top : {"gateway", "plugins"}) {
    for (const fs::path& file : files_below(top, {".h", ".cc", ".c"})) {
      const std::string folder = top == std::string("plugins") ? top : folder_of(file);
      for (const Include& include : includes_of(file)) {
        const Room* room = find_room(include.header);
        if (room == nullptr) continue;
        EXPECT_THAT(room->folders, Contains(folder)) << name_of(file) << ": <" << include.header << ">";
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 10u);
}

TEST(Includes, OfAPluginNeverReachIntoTheGateway) {
  for (const fs::path& file : files_below("plugins", {".h", ".cc", ".c"})) {
    const bool is_abi = name_of(file).starts_with("plugins/abi/");
    for (const Include& include : includes_of(file)) {
      const fs::path own = file.parent_path() / include.header;
      const bool is_gateway = fs::exists(source_root() / "gateway" / include.header) && !fs::exists(own);
      EXPECT_FALSE(is_gateway) << name_of(file) << ": " << include.header;
      EXPECT_TRUE(!is_abi || include.is_system) << name_of(file) << ": " << include.header;
    }
  }
}

TEST(Rows, EveryFolderHasItsLine) {
  const Rows rows = rows_of_the_house();
  for (const auto& entry : fs::directory_iterator(source_root() / "gateway"))
    EXPECT_TRUE(!entry.is_directory() || rows.contains(entry.path().filename())) << entry.path();
}

TEST(Rows, HaveNoCycle) {
  const Rows rows = rows_of_the_house();
  for (const auto& [folder, uses] : rows)
    for (const std::string& used : uses)
      EXPECT_THAT(allowed_for(used, rows), Not(Contains(folder))) << folder << " and " << used;
}

// The test's own reading of the tree, since a pattern that finds nothing would pass everything.

TEST(SourceTree, ReadsTheLinesOfLibraries) {
  const Rows rows = parse_rows(
      "# gw_library(none USES x)\ngw_library(base PRIVATE spdlog::spdlog)\n"
      "gw_library(http   USES base net)\n  gw_library(auth USES http  PRIVATE PkgConfig::ARGON2)\n");

  EXPECT_THAT(rows, SizeIs(3));
  EXPECT_THAT(rows.at("base"), UnorderedElementsAre());
  EXPECT_THAT(rows.at("http"), UnorderedElementsAre("base", "net"));
  EXPECT_THAT(rows.at("auth"), UnorderedElementsAre("http"));
  EXPECT_THAT(allowed_for("auth", rows), UnorderedElementsAre("auth", "http", "base", "net"));
}

TEST(SourceTree, KnowsTheRoomOfAHeader) {
  EXPECT_THAT(find_room("event2/event.h")->folders, UnorderedElementsAre("net"));
  EXPECT_THAT(find_room("hiredis/hiredis.h")->folders, UnorderedElementsAre("store", "plugins"));
  EXPECT_EQ(find_room("vector"), nullptr);
  EXPECT_EQ(find_room("unistd.h"), nullptr);
}

}  // namespace
}  // namespace gw::test
