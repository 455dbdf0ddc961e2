// SPDX-License-Identifier: Apache-2.0
// Logged requests, asked again of two configurations. A log does not hold the token: the caller is taken for
// what it tells of him (`sub`, `issuer` and log.access.claims). Where the old configuration would then not
// decide as the log says, nothing can be said of the new one either: the request is not judged.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/access_records.h"
#include "config/config.h"
#include "server/dry_run.h"

namespace gw::cli {

enum class Turn : std::uint8_t {
  same,
  wider,     // was refused, passes
  narrower,  // passed, is refused
  other,     // goes elsewhere, or is refused for another reason
  unknown,   // not judged
};

std::string_view name_of(Turn turn);

struct Replayed {
  Turn turn = Turn::same;
  std::string request;  // "GET api.example.com/orders by alice"
  std::string before;  // "forwarded to legacy /orders (route orders)", "refused 403 forbidden (route orders)"
  std::string after;
};

class Replay {
 public:
  // The configuration outlives the replay.
  Replay(const config::Config& before_config, std::unique_ptr<server::DryRun> before,
         std::unique_ptr<server::DryRun> after);

  Replayed run(const AccessRecord& record);

 private:
  server::DryRequest request_of(const AccessRecord& record) const;

  const config::Config& config_;
  std::unique_ptr<server::DryRun> before_, after_;
  std::map<std::string, Replayed> known_;  // logs repeat themselves; bounded
};

}  // namespace gw::cli
