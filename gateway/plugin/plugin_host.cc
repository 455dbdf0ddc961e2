// SPDX-License-Identifier: Apache-2.0
#include "plugin/plugin_host.h"

#include <algorithm>

#include "base/log.h"

namespace gw::plugin {
namespace {

constexpr std::size_t kMaxLogBytes = 4096;

log::Level level_of(int level) {
  switch (level) {
    case GATEWARDEN_LOG_DEBUG:
      return log::Level::debug;
    case GATEWARDEN_LOG_INFO:
      return log::Level::info;
    case GATEWARDEN_LOG_WARN:
      return log::Level::warn;
    default:
      return log::Level::error;
  }
}

thread_local SecretString* outdated_hash = nullptr;

}  // namespace

OutdatedHash::OutdatedHash(SecretString& hash) {
  outdated_hash = &hash;
}
OutdatedHash::~OutdatedHash() {
  outdated_hash = nullptr;
}

PluginHost::PluginHost(std::string backend, const json::Value& section,
                       std::shared_ptr<const auth::PasswordHasher> hasher)
    : backend_(std::move(backend)), hasher_(std::move(hasher)) {
  if (const json::Object* members = section.as_object()) {
    for (const auto& [name, value] : *members) {
      if (value.is_null()) continue;
      const std::string* text = value.as_string();
      settings_.emplace(name, SecretString(text != nullptr ? *text : json::dump(value)));
    }
  }
  table_.abi_version = GATEWARDEN_ABI_VERSION;
  table_.size = sizeof(gatewarden_host);
  table_.setting = setting;
  table_.log = log;
  table_.knows_hash = knows_hash;
  table_.check_password = check_password;
  table_.spend_equal_time = spend_equal_time;
  table_.host = this;
}

const char* PluginHost::setting(const gatewarden_host* table, const char* name) noexcept {
  const auto& settings = host_of(table).settings_;
  const auto found = name == nullptr ? settings.end() : settings.find(std::string_view(name));
  return found == settings.end() ? nullptr : found->second.reveal().data();
}

void PluginHost::log(const gatewarden_host* table, int level, gatewarden_text message) noexcept {
  log::write(level_of(level), "plugin",
             {{"backend", host_of(table).backend_}, {"detail", view_of(message).substr(0, kMaxLogBytes)}});
}

int PluginHost::knows_hash(const gatewarden_host*, gatewarden_text hash) noexcept {
  return auth::PasswordHasher::knows(view_of(hash)) ? 1 : 0;
}

gatewarden_result PluginHost::check_password(const gatewarden_host* table, gatewarden_text hash,
                                             gatewarden_text password) noexcept {
  switch (host_of(table).hasher_->match(view_of(hash), view_of(password))) {
    case auth::PasswordMatch::yes:
      if (outdated_hash != nullptr && host_of(table).hasher_->is_outdated(view_of(hash)))
        *outdated_hash = SecretString(std::string(view_of(hash)));
      return GATEWARDEN_OK;
    case auth::PasswordMatch::no:
      return GATEWARDEN_WRONG_PASSWORD;
    case auth::PasswordMatch::not_computed:
      break;
  }
  log::error("a password could not be hashed: out of memory or threads, or a pepper is missing",
             {{"backend", host_of(table).backend_}});
  return GATEWARDEN_UNAVAILABLE;
}

void PluginHost::spend_equal_time(const gatewarden_host* table, gatewarden_text like,
                                  gatewarden_text password) noexcept {
  host_of(table).hasher_->spend_equal_time(view_of(like), view_of(password));
}

}  // namespace gw::plugin
