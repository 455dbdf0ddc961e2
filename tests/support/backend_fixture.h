// SPDX-License-Identifier: Apache-2.0
// Backends over the real plugins of this build, with hashes that cost next to nothing.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "plugin/plugin_backend.h"
#include "support/scratch_dir.h"

namespace gw::test {

inline const std::string kPluginDir = GW_BINARY_DIR "/plugins";
inline const std::string kFixtureDir = GW_BINARY_DIR "/tests/plugins";

inline std::shared_ptr<auth::PasswordHasher> cheap_hasher() {
  return std::make_shared<auth::PasswordHasher>(
      auth::HashOptions{.memory_kib = 32, .iterations = 1, .lanes = 1});
}

inline auth::BackendOptions backend_options(std::string name, std::string plugin, json::Object section = {}) {
  auth::BackendOptions options;
  options.name = std::move(name);
  options.plugin = std::move(plugin);
  options.section = json::Value(std::move(section));
  return options;
}

inline std::unique_ptr<plugin::PluginBackend> open_backend(const auth::BackendOptions& options,
                                                           std::shared_ptr<const auth::PasswordHasher> hasher,
                                                           const std::string& folder = kPluginDir) {
  auto backend = plugin::PluginBackend::create(options, folder, std::move(hasher));
  EXPECT_TRUE(backend.ok()) << (backend ? "" : backend.error());
  return backend ? std::move(*backend) : nullptr;
}

// The fault, or nothing on success.
template <class T>
std::optional<auth::BackendFault> fault_of(const Result<T, auth::BackendFault>& result) {
  return result ? std::nullopt : std::optional(result.error());
}

}  // namespace gw::test
