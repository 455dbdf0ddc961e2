// SPDX-License-Identifier: Apache-2.0
#include "common/face.h"
#include "users.h"

namespace {

const char* const kSettings[] = {"service", "config_path", "accounts", "groups", "min_uid", nullptr};

constexpr gatewarden_plugin kPlugin = common::Face<pam_users::Users>::read_only(kSettings);

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
