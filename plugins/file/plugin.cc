// SPDX-License-Identifier: Apache-2.0
// The C face of the plugin: each function finds its Users and lets no exception out.
#include <gatewarden/plugin.h>

#include <cstdio>
#include <exception>
#include <memory>

#include "users.h"

namespace {

using users::Users;

const char* const kSettings[] = {"path", nullptr};

std::string_view view_of(gatewarden_text text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

template <class Call>
gatewarden_result on(void* instance, Call call) noexcept {
  try {
    return call(*static_cast<Users*>(instance));
  } catch (const std::exception&) {  // out of memory
    return GATEWARDEN_UNAVAILABLE;
  }
}

void* create(const gatewarden_host* host, gatewarden_text, char* error, size_t error_size) noexcept {
  const char* path = host->setting(host, "path");
  if (path == nullptr || *path == '\0') {
    std::snprintf(error, error_size, "path is missing (name the htpasswd file)");
    return nullptr;
  }
  try {
    std::string problem;
    std::unique_ptr<Users> users = Users::open(host, path, problem);
    if (users == nullptr) std::snprintf(error, error_size, "%s", problem.c_str());
    return users.release();
  } catch (const std::exception& e) {
    std::snprintf(error, error_size, "%s", e.what());
    return nullptr;
  }
}

void destroy(void* instance) noexcept {
  delete static_cast<Users*>(instance);
}

gatewarden_result verify(void* instance, gatewarden_text username, gatewarden_text password,
                         const gatewarden_sink* sink) noexcept {
  return on(instance, [&](Users& users) { return users.verify(view_of(username), password, sink); });
}

gatewarden_result find(void* instance, gatewarden_text username, const gatewarden_sink* sink) noexcept {
  return on(instance, [&](Users& users) { return users.find(view_of(username), sink); });
}

gatewarden_result find_id(void* instance, gatewarden_text id, const gatewarden_sink* sink) noexcept {
  return on(instance, [&](Users& users) { return users.find_id(view_of(id), sink); });
}

gatewarden_result list(void* instance, const gatewarden_sink* sink) noexcept {
  return on(instance, [&](Users& users) { return users.list(sink); });
}

constexpr gatewarden_plugin kPlugin = {
    .abi_version = GATEWARDEN_ABI_VERSION,
    .size = sizeof(gatewarden_plugin),
    .settings = kSettings,
    .create = create,
    .destroy = destroy,
    .can_write = nullptr,
    .verify = verify,
    .find = find,
    .find_id = find_id,
    .list = list,
    .create_account = nullptr,
    .set_password_hash = nullptr,
    .set_disabled = nullptr,
    .remove = nullptr,
    .replace_password_hash = nullptr,
};

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
