// SPDX-License-Identifier: Apache-2.0
#include "common/face.h"
#include "users.h"

namespace {

const char* const kSettings[] = {"url", "password", "queries", "timeout", "connections", nullptr};

constexpr gatewarden_plugin kPlugin = common::Face<postgres::Users>::with_passwords(kSettings);

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
