// SPDX-License-Identifier: Apache-2.0
// The store that a configuration names.
#pragma once

#include <memory>

#include "config/config.h"
#include "store/shared_store.h"

namespace gw::server {

struct OpenedStore {
  std::unique_ptr<store::Store> store;
  store::SharedStore* shared = nullptr;  // the same, when replicas share it
};

// Waits until it can be used. `timeout`: of each call, when the configuration's is shorter; for commands,
// which have time. The error's `detail` is a sentence.
Result<OpenedStore> open_store(const config::Config& config, Duration timeout = Duration::zero());

}  // namespace gw::server
