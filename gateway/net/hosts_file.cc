// SPDX-License-Identifier: Apache-2.0
#include "net/hosts_file.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace gw::net {
namespace {

std::string key_of(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string key(name);
  for (char& c : key)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return key;
}

}  // namespace

void HostsFile::read_if_changed() {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return names_.clear();
  const std::int64_t changed = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
  if (changed == changed_) return;
  changed_ = changed;
  names_.clear();
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    if (!(words >> word)) continue;
    const auto address = Address::parse(word, 0);
    while (address && words >> word) names_[key_of(word)].push_back(*address);
  }
}

std::vector<Address> HostsFile::find(std::string_view name) {
  read_if_changed();
  const std::string key = key_of(name);
  if (const auto known = names_.find(key); known != names_.end()) return known->second;
  if (key != "localhost" && !key.ends_with(".localhost")) return {};
  return {*Address::parse("127.0.0.1", 0), *Address::parse("::1", 0)};
}

}  // namespace gw::net
