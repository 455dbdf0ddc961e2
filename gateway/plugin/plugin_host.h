// SPDX-License-Identifier: Apache-2.0
// What the gateway does for one instance of a plugin: its settings, log lines and password hashes, as the C
// functions of the ABI. THREAD: any. OWNERSHIP: PluginBackend's; the plugin holds a pointer to it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "auth/password_hash.h"
#include "base/json.h"
#include "base/secret.h"
#include "gatewarden/plugin.h"

namespace gw::plugin {

inline std::string_view view_of(const gatewarden_text& text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
inline gatewarden_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

// While it lives, a hash that check_password() matches on this thread, and that the gateway would not make
// today, is copied to `hash`.
class OutdatedHash {
 public:
  explicit OutdatedHash(SecretString& hash);
  ~OutdatedHash();
  OutdatedHash(const OutdatedHash&) = delete;
  OutdatedHash& operator=(const OutdatedHash&) = delete;
};

class PluginHost {
 public:
  PluginHost(std::string backend, const json::Value& section,
             std::shared_ptr<const auth::PasswordHasher> hasher);
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  const gatewarden_host* table() const { return &table_; }

 private:
  // The table is what the plugin sees; the pointer behind it leads its calls back here.
  struct Table : gatewarden_host {
    const PluginHost* host;
  };
  static const PluginHost& host_of(const gatewarden_host* table) {
    return *static_cast<const Table*>(table)->host;
  }

  static const char* setting(const gatewarden_host* table, const char* name) noexcept;
  static void log(const gatewarden_host* table, int level, gatewarden_text message) noexcept;
  static int knows_hash(const gatewarden_host* table, gatewarden_text hash) noexcept;
  static gatewarden_result check_password(const gatewarden_host* table, gatewarden_text hash,
                                          gatewarden_text password) noexcept;
  static void spend_equal_time(const gatewarden_host* table, gatewarden_text like,
                               gatewarden_text password) noexcept;

  const std::string backend_;
  std::map<std::string, SecretString, std::less<>> settings_;  // some are passwords of databases
  const std::shared_ptr<const auth::PasswordHasher> hasher_;
  Table table_{};
};

}  // namespace gw::plugin
