// SPDX-License-Identifier: Apache-2.0
// Reads through a null pointer when it is asked for somebody.
#include <gatewarden/plugin.h>

namespace {

const char* const kSettings[] = {nullptr};
int g_instance = 0;
const volatile char* volatile g_nowhere = nullptr;

void* create(const gatewarden_host*, gatewarden_text, char*, size_t) {
  return &g_instance;
}
void destroy(void*) {}
gatewarden_result verify(void*, gatewarden_text, gatewarden_text, const gatewarden_sink*) {
  return *g_nowhere;
}
gatewarden_result find(void*, gatewarden_text, const gatewarden_sink*) {
  return *g_nowhere;
}

constexpr gatewarden_plugin kPlugin = {GATEWARDEN_ABI_VERSION,
                                       sizeof(gatewarden_plugin),
                                       kSettings,
                                       create,
                                       destroy,
                                       nullptr,
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
