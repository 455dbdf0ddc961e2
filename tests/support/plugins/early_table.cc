// SPDX-License-Identifier: Apache-2.0
// Made before version 1 of the ABI grew: its table ends with `remove`, and what follows in memory is no
// table.
#include <gatewarden/plugin.h>

#include <cstddef>

namespace {

const char* const kSettings[] = {nullptr};
int g_instance = 0;
void* create(const gatewarden_host*, gatewarden_text, char*, size_t) {
  return &g_instance;
}
void destroy(void*) {}
gatewarden_result verify(void*, gatewarden_text, gatewarden_text, const gatewarden_sink*) {
  return GATEWARDEN_UNKNOWN_USER;
}
gatewarden_result find(void*, gatewarden_text, const gatewarden_sink*) {
  return GATEWARDEN_UNKNOWN_USER;
}

constexpr unsigned kEarlySize = offsetof(gatewarden_plugin, replace_password_hash);

const gatewarden_plugin* make_table() {
  static gatewarden_plugin table{};
  table.abi_version = GATEWARDEN_ABI_VERSION;
  table.size = kEarlySize;
  table.settings = kSettings;
  table.create = create;
  table.destroy = destroy;
  table.verify = verify;
  table.find = find;
  table.find_id = find;
  // Whatever the linker put there.
  table.replace_password_hash = reinterpret_cast<decltype(table.replace_password_hash)>(&g_instance);
  return &table;
}

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return make_table();
}
