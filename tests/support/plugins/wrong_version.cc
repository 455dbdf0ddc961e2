// SPDX-License-Identifier: Apache-2.0
// Speaks a version of the ABI that no gateway has; what follows the first two fields is of another shape.
struct FutureTable {
  unsigned abi_version = 4711;
  unsigned size = sizeof(FutureTable);
  const char* something_else = "not a function";
};

extern "C" __attribute__((visibility("default"))) const FutureTable* gatewarden_plugin_load() {
  static const FutureTable kTable;
  return &kTable;
}
