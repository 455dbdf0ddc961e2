// SPDX-License-Identifier: Apache-2.0
// Says that it can write, and has no function for it.
#include <gatewarden/plugin.h>

namespace {

const char* const kSettings[] = {nullptr};
int g_instance = 0;
void* create(const gatewarden_host*, gatewarden_text, char*, size_t) {
  return &g_instance;
}
void destroy(void*) {}
int can_write(void*) {
  return 1;
}
gatewarden_result verify(void*, gatewarden_text, gatewarden_text, const gatewarden_sink*) {
  return GATEWARDEN_UNKNOWN_USER;
}
gatewarden_result find(void*, gatewarden_text, const gatewarden_sink*) {
  return GATEWARDEN_UNKNOWN_USER;
}

constexpr gatewarden_plugin kPlugin = {GATEWARDEN_ABI_VERSION,
                                       sizeof(gatewarden_plugin),
                                       kSettings,
                                       create,
                                       destroy,
                                       can_write,
                                       verify,
                                       find,
                                       find,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr};

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
