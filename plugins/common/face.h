// SPDX-License-Identifier: Apache-2.0
// The C face of a plugin that is a class: each function finds its object and lets no exception out. The class
// has
//   static std::unique_ptr<Backend> open(const gatewarden_host*, Options&);   // null after
//   options.problem(...) verify, find, find_id                                                     // as in
//   the ABI, with string_view
// and, if it can write: writes(), list, set_password_hash, replace_password_hash.
#pragma once

#include <cstdio>
#include <exception>
#include <memory>

#include "options.h"

namespace common {

template <class Backend>
struct Face {
  template <class Call>
  static gatewarden_result on(void* instance, Call call) noexcept {
    try {
      return call(*static_cast<Backend*>(instance));
    } catch (const std::exception&) {  // out of memory
      return GATEWARDEN_UNAVAILABLE;
    }
  }

  static void* create(const gatewarden_host* host, gatewarden_text config, char* error,
                      size_t error_size) noexcept {
    try {
      Options options(config);
      std::unique_ptr<Backend> backend = Backend::open(host, options);
      if (options.problem().empty() && backend != nullptr) return backend.release();
      std::snprintf(error, error_size, "%s", options.problem().c_str());
    } catch (const std::exception& e) {
      std::snprintf(error, error_size, "%s", e.what());
    }
    return nullptr;
  }
  static void destroy(void* instance) noexcept { delete static_cast<Backend*>(instance); }

  static gatewarden_result verify(void* instance, gatewarden_text username, gatewarden_text password,
                                  const gatewarden_sink* sink) noexcept {
    return on(instance, [&](Backend& b) { return b.verify(view_of(username), view_of(password), sink); });
  }
  static gatewarden_result find(void* instance, gatewarden_text username,
                                const gatewarden_sink* sink) noexcept {
    return on(instance, [&](Backend& b) { return b.find(view_of(username), sink); });
  }
  static gatewarden_result find_id(void* instance, gatewarden_text id, const gatewarden_sink* sink) noexcept {
    return on(instance, [&](Backend& b) { return b.find_id(view_of(id), sink); });
  }

  static int can_write(void* instance) noexcept { return static_cast<Backend*>(instance)->writes(); }
  static gatewarden_result set_password_hash(void* instance, gatewarden_text id,
                                             gatewarden_text hash) noexcept {
    return on(instance, [&](Backend& b) { return b.set_password_hash(view_of(id), view_of(hash)); });
  }
  static gatewarden_result replace_password_hash(void* instance, gatewarden_text id, gatewarden_text old_hash,
                                                 gatewarden_text new_hash) noexcept {
    return on(instance, [&](Backend& b) {
      return b.replace_password_hash(view_of(id), view_of(old_hash), view_of(new_hash));
    });
  }

  static constexpr gatewarden_plugin read_only(const char* const* settings) {
    gatewarden_plugin table{};
    table.abi_version = GATEWARDEN_ABI_VERSION;
    table.size = sizeof(gatewarden_plugin);
    table.settings = settings;
    table.create = create;
    table.destroy = destroy;
    table.verify = verify;
    table.find = find;
    table.find_id = find_id;
    return table;
  }
  static constexpr gatewarden_plugin with_passwords(const char* const* settings) {
    gatewarden_plugin table = read_only(settings);
    table.can_write = can_write;
    table.set_password_hash = set_password_hash;
    table.replace_password_hash = replace_password_hash;
    return table;
  }
};

}  // namespace common
