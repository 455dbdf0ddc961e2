// SPDX-License-Identifier: Apache-2.0
// A gateway of a given configuration, in this process, to be shot at: one worker on a port of the loopback
// without TLS, in front of an Echo. It has a state folder of its own, so its keys are none that serve;
// backends are those of the configuration and only read. Rate limits and trusted proxies are taken out: the
// one would refuse for the wrong reason, the other is not what an attacker is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attack/echo.h"
#include "attack/wire.h"
#include "base/result.h"
#include "config/config.h"
#include "exchange/snapshot.h"

namespace gw::attack {

class Range {
 public:
  // The error is lines for people: issues of the configuration, or why it cannot be served.
  static Result<std::unique_ptr<Range>, std::string> open(config::Config config);
  ~Range();

  Server server() const;
  const exchange::Snapshot& snapshot() const { return *snapshot_; }
  std::vector<std::string> take_forwarded() { return echo_.take(); }

 private:
  struct Gateway;
  Range();

  Echo echo_;
  std::shared_ptr<const exchange::Snapshot> snapshot_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace gw::attack
