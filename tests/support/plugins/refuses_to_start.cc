// SPDX-License-Identifier: Apache-2.0
// create() fails: with a reason when `why` is set, with none otherwise, with an exception for "throw".
#include <gatewarden/plugin.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace {

const char* const kSettings[] = {"why", nullptr};

void* create(const gatewarden_host* host, gatewarden_text, char* error, size_t error_size) {
  const char* why = host->setting(host, "why");
  if (why == nullptr) return nullptr;
  if (std::strcmp(why, "throw") == 0) throw std::runtime_error("thrown across the border");
  std::snprintf(error, error_size, "%s", why);
  return nullptr;
}
void destroy(void*) {}
gatewarden_result never(void*, gatewarden_text, gatewarden_text, const gatewarden_sink*) {
  return GATEWARDEN_OK;
}
gatewarden_result never_find(void*, gatewarden_text, const gatewarden_sink*) {
  return GATEWARDEN_OK;
}

constexpr gatewarden_plugin kPlugin = {GATEWARDEN_ABI_VERSION,
                                       sizeof(gatewarden_plugin),
                                       kSettings,
                                       create,
                                       destroy,
                                       nullptr,
                                       never,
                                       never_find,
                                       never_find,
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
