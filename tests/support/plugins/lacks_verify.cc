// SPDX-License-Identifier: Apache-2.0
// A table of the right version and length without its most important function.
#include <gatewarden/plugin.h>

namespace {

const char* const kSettings[] = {nullptr};
void* create(const gatewarden_host*, gatewarden_text, char*, size_t) {
  return nullptr;
}
void destroy(void*) {}
gatewarden_result find(void*, gatewarden_text, const gatewarden_sink*) {
  return GATEWARDEN_OK;
}

constexpr gatewarden_plugin kPlugin = {GATEWARDEN_ABI_VERSION,
                                       sizeof(gatewarden_plugin),
                                       kSettings,
                                       create,
                                       destroy,
                                       nullptr,
                                       nullptr,
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
