// SPDX-License-Identifier: Apache-2.0
#include "cli/run.h"

#include <iostream>

#include "base/log.h"
#include "config/load.h"
#include "server/gateway.h"
#include "server/snapshot_builder.h"

namespace gw::cli {

int run_gateway(const std::string& file) {
  return server::Gateway(file).run();
}

int run_check(const std::string& file) {
  config::Loaded loaded = config::load(file);
  if (loaded.config) {
    log::configure({log::Level::error, log::Format::text});
    (void)server::build_listeners(*loaded.config, loaded.issues);
    (void)server::build_snapshot(*loaded.config, server::Purpose::check, loaded.issues);
    loaded.issues.sort();
  }
  std::cerr << loaded.issues.format();
  if (loaded.issues.has_errors()) return 1;
  std::cout << file << ": ok\n";
  return 0;
}

}  // namespace gw::cli
