// SPDX-License-Identifier: Apache-2.0
#include "plugin/plugin_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <vector>

namespace gw::plugin {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::string_view kFilePrefix = "gatewarden_";
constexpr std::string_view kFileSuffix = ".so";

// Every version of the ABI that this gateway can serve, and the length of the shortest table that it has had.
struct AbiVersion {
  unsigned version;
  unsigned table_bytes;
};
constexpr AbiVersion kAbiVersions[] = {{1, offsetof(gatewarden_plugin, replace_password_hash)}};

// Nothing that could lead out of the folder.
bool is_plugin_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), is_allowed);
}

// "file, sqlite", for the person who misspelt one.
std::string list_plugins(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    if (!file.starts_with(kFilePrefix) || !file.ends_with(kFileSuffix)) continue;
    names.push_back(file.substr(kFilePrefix.size(), file.size() - kFilePrefix.size() - kFileSuffix.size()));
  }
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "no plugin is there; set server.plugin_dir" : "there are: " + list;
}

std::string name_versions() {
  std::string names;
  for (const AbiVersion& known : kAbiVersions)
    names += (names.empty() ? "" : ", ") + std::to_string(known.version);
  return names;
}

// The error, or empty. Only `abi_version` and `size` may be read before their check.
std::string check_table(const gatewarden_plugin& table) {
  const auto* known = std::find_if(std::begin(kAbiVersions), std::end(kAbiVersions),
                                   [&](const AbiVersion& v) { return v.version == table.abi_version; });
  if (known == std::end(kAbiVersions)) {
    return "it speaks version " + std::to_string(table.abi_version) + " of the plugin ABI, this gateway " +
           name_versions() + " (build it against this gateway's plugin.h)";
  }
  if (table.size < known->table_bytes) {
    return "its table of functions has " + std::to_string(table.size) + " bytes, version " +
           std::to_string(table.abi_version) + " has " + std::to_string(known->table_bytes);
  }
  return {};
}

// As much of `table` as it has; the rest is null.
gatewarden_plugin copy_of(const gatewarden_plugin& table) {
  gatewarden_plugin copy{};
  std::memcpy(&copy, &table, std::min<std::size_t>(table.size, sizeof(copy)));
  return copy;
}

std::string check_functions(const gatewarden_plugin& table) {
  if (table.settings == nullptr || table.create == nullptr || table.destroy == nullptr ||
      table.verify == nullptr || table.find == nullptr || table.find_id == nullptr) {
    return "its table lacks settings, create, destroy, verify, find or find_id";
  }
  return {};
}

Result<gatewarden_plugin, std::string> load(const std::string& path, const std::string& quoted) {
  // RTLD_NOW: a missing symbol is a configuration error, not a crash at the first login.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return quoted + " cannot be loaded: " + dlerror();
  using Load = const gatewarden_plugin* (*)();
  const auto entry = reinterpret_cast<Load>(dlsym(library, "gatewarden_plugin_load"));
  if (entry == nullptr)
    return quoted + " exports no gatewarden_plugin_load(); " + path + " is no Gatewarden plugin";

  const gatewarden_plugin* table = entry();
  if (table == nullptr) return quoted + " gave no table of functions";
  if (const std::string problem = check_table(*table); !problem.empty())
    return quoted + " does not fit: " + problem;
  const gatewarden_plugin copy = copy_of(*table);
  if (const std::string problem = check_functions(copy); !problem.empty())
    return quoted + " does not fit: " + problem;
  return copy;
}

}  // namespace

Result<gatewarden_plugin, std::string> load_library(const std::string& folder, std::string_view name) {
  const std::string quoted = "plugin \"" + std::string(name.substr(0, kMaxNameBytes)) + "\"";
  if (!is_plugin_name(name)) return quoted + " is no plugin's name (use a-z, 0-9, _ and -)";

  const std::string path =
      folder + "/" + std::string(kFilePrefix) + std::string(name) + std::string(kFileSuffix);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return quoted + " is not in " + folder + " (" + list_plugins(folder) + ")";
  }

  return load(path, quoted);
}

Result<gatewarden_plugin, std::string> load_library_file(const std::string& path) {
  const std::filesystem::path absolute =
      std::filesystem::absolute(path);  // dlopen would search for a bare name
  std::error_code error;
  if (!std::filesystem::exists(absolute, error)) return "there is no file " + path;
  return load(absolute.string(), path);
}

}  // namespace gw::plugin
