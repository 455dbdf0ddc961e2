// SPDX-License-Identifier: Apache-2.0
#include "cli/dry_runs.h"

#include "base/log.h"
#include "cli/state_store.h"
#include "server/snapshot_builder.h"

namespace gw::cli {

std::unique_ptr<server::DryRun> make_dry_run(const config::Config& config, std::ostream& err) {
  log::configure({log::Level::error, log::Format::text});
  config::Issues issues;
  (void)server::build_listeners(config, issues);
  auto snapshot = server::build_snapshot(config, server::Purpose::check, issues);
  if (snapshot == nullptr || issues.has_errors()) {
    issues.sort();
    err << issues.format();
    return nullptr;
  }
  auto revocations = load_revocations(config);
  if (!revocations) {
    err << "error: " << revocations.error() << '\n';
    return nullptr;
  }
  return std::make_unique<server::DryRun>(std::move(snapshot), config.listeners, std::move(*revocations));
}

}  // namespace gw::cli
