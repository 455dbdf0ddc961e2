// SPDX-License-Identifier: Apache-2.0
// The source tree as text: which files there are, what they include, and which folders may use which.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace gw::test {

inline std::filesystem::path source_root() {
  return GW_SOURCE_DIR;
}

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// All files below a folder of the tree whose names end with one of these.
inline std::vector<std::filesystem::path> files_below(const std::string& folder,
                                                      const std::set<std::string>& ends) {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path root = source_root() / folder;
  if (!std::filesystem::exists(root)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    if (entry.is_regular_file() && ends.contains(entry.path().extension())) files.push_back(entry.path());
  return files;
}

struct Include {
  bool is_system = false;  // <…>
  std::string header;
};

inline std::vector<Include> includes_of(const std::filesystem::path& file) {
  static const std::regex line(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  std::istringstream in(read_text(file));
  std::string text;
  std::smatch found;
  while (std::getline(in, text))
    if (std::regex_search(text, found, line)) includes.push_back({found[1] == "<", found[2]});
  return includes;
}

using Rows = std::map<std::string, std::set<std::string>>;

// The USES of each gw_library(…) line.
inline Rows parse_rows(const std::string& cmake) {
  static const std::regex library(R"(^\s*gw_library\(\s*(\w+)\s*([^)]*)\))");
  Rows rows;
  std::istringstream in(cmake);
  std::string line;
  std::smatch found;
  while (std::getline(in, line)) {
    if (!std::regex_search(line, found, library)) continue;
    std::istringstream words(found[2].str());
    std::string word, section;
    std::set<std::string>& uses = rows[found[1]];
    while (words >> word) {
      if (word == "USES" || word == "PRIVATE") {
        section = word;
      } else if (section == "USES") {
        uses.insert(word);
      }
    }
  }
  return rows;
}

// With what the used folders use themselves.
inline std::set<std::string> allowed_for(const std::string& folder, const Rows& rows) {
  std::set<std::string> allowed{folder};
  std::vector<std::string> open{folder};
  while (!open.empty()) {
    const auto row = rows.find(open.back());
    open.pop_back();
    if (row == rows.end()) continue;
    for (const std::string& used : row->second)
      if (allowed.insert(used).second) open.push_back(used);
  }
  return allowed;
}

}  // namespace gw::test
