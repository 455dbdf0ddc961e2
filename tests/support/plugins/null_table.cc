// SPDX-License-Identifier: Apache-2.0
#include <gatewarden/plugin.h>

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return nullptr;
}
