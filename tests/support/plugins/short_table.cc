// SPDX-License-Identifier: Apache-2.0
// Says version 1, but its table ends after two fields.
struct ShortTable {
  unsigned abi_version = 1;
  unsigned size = sizeof(ShortTable);
};

extern "C" __attribute__((visibility("default"))) const ShortTable* gatewarden_plugin_load() {
  static const ShortTable kTable;
  return &kTable;
}
