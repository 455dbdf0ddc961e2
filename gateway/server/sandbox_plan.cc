// SPDX-License-Identifier: Apache-2.0
#include "server/sandbox_plan.h"

#include <cstdlib>
#include <filesystem>

namespace gw::server {
namespace {

namespace fs = std::filesystem;

// Name services, certificates, time zones, modules of PAM and libc: what libraries open when it comes to it.
// Nothing of it can be executed.
constexpr const char* kOfTheSystem[] = {"/etc",
                                        "/usr",
                                        "/lib",
                                        "/lib32",
                                        "/lib64",
                                        "/proc/self",
                                        "/sys/devices/system/cpu",
                                        "/sys/fs/cgroup",
                                        "/dev/random",
                                        "/dev/urandom",
                                        "/run/systemd/resolve",
                                        "/run/resolvconf",
                                        "/run/NetworkManager"};
constexpr const char* kOfTheUser[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "TZDIR"};

// Of a file that is written: its folder, for journals and new files; but not of all devices.
void add_written(const std::string& path, sandbox::FileRules& rules) {
  const fs::path folder = fs::path(path).parent_path();
  rules.writable.push_back(folder == "/dev" ? path : folder.string());
}

// A plugin's own data may be written; the other files that it names are certificates, keys and the like.
void add_paths_of(const json::Value& value, std::string_view key, sandbox::FileRules& rules) {
  if (const auto* members = value.as_object()) {
    for (const auto& [name, member] : *members) add_paths_of(member, name, rules);
  } else if (const auto* elements = value.as_array()) {
    for (const json::Value& each : *elements) add_paths_of(each, key, rules);
  } else if (const auto* path = value.as_string(); path != nullptr && path->starts_with('/')) {
    std::error_code failure;
    if (key == "path")
      add_written(*path, rules);
    else if (fs::is_directory(*path, failure))
      rules.readable.push_back(*path);
    else if (key.ends_with("_path") || key.ends_with("_file"))
      rules.add_folder_of(*path);
  }
}

}  // namespace

sandbox::FileRules files_of(const config::Config& config) {
  sandbox::FileRules rules;
  rules.readable.assign(std::begin(kOfTheSystem), std::end(kOfTheSystem));
  for (const char* name : kOfTheUser)
    if (const char* path = std::getenv(name); path != nullptr && *path == '/')
      rules.readable.emplace_back(path);
  rules.add_folder_of("/etc/resolv.conf");
  std::error_code failure;
  for (const std::string& file : config.files) {
    rules.add_folder_of(file);
    if (fs::is_directory(file, failure)) rules.readable.push_back(file);
  }
  rules.readable.push_back(config.server.plugin_dir);
  for (const std::string& folder : {config.login.page.folder, config.login.breached})
    if (!folder.empty()) rules.readable.push_back(folder);
  rules.writable = {"/dev/null", "/var/log/gatewarden", config.server.state_dir};
  if (config.store.path.starts_with('/')) add_written(config.store.path, rules);
  for (const std::string& log : {config.access_log.path, config.audit_path})
    if (log.starts_with('/')) add_written(log, rules);
  for (const auth::BackendOptions& backend : config.backends) add_paths_of(backend.section, {}, rules);
  for (const config::Listener& listener : config.listeners)  // its socket is removed at the end
    if (!listener.address.unix_path.empty()) add_written(listener.address.unix_path, rules);
  if (config.admin && !config.admin->unix_path.empty()) add_written(config.admin->unix_path, rules);
  rules.readable.insert(rules.readable.end(), config.server.readable.begin(), config.server.readable.end());
  rules.writable.insert(rules.writable.end(), config.server.writable.begin(), config.server.writable.end());
  return rules;
}

}  // namespace gw::server
