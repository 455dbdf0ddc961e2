// SPDX-License-Identifier: Apache-2.0
#include "common/face.h"
#include "users.h"

namespace {

const char* const kSettings[] = {"url",     "start_tls",     "ca_file",    "plaintext",
                                 "base_dn", "user_filter",   "user_dn",    "disabled_filter",
                                 "bind_dn", "bind_password", "attributes", "groups",
                                 "timeout", "connections",   nullptr};

constexpr gatewarden_plugin kPlugin = common::Face<ldap_users::Users>::read_only(kSettings);

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
