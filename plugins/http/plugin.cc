// SPDX-License-Identifier: Apache-2.0
#include "common/face.h"
#include "users.h"

namespace {

const char* const kSettings[] = {"url",      "headers", "ca_file", "plaintext",   "fields", "accept",
                                 "statuses", "lookup",  "timeout", "connections", nullptr};

constexpr gatewarden_plugin kPlugin = common::Face<http_users::Users>::read_only(kSettings);

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
