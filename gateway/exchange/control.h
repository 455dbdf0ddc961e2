// SPDX-License-Identifier: Apache-2.0
// What the admin address may ask of the whole process, which the main thread rules and no worker waits for.
// THREAD: every call is made on a worker's loop and answers there, later, never inside the call, while the
// Operation lives. OWNERSHIP: outlives the workers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/callback.h"
#include "base/clock.h"
#include "exchange/counters.h"
#include "exchange/receipts.h"
#include "net/event_loop.h"

namespace gw::exchange {

struct ReloadReport {
  enum class Outcome : std::uint8_t {
    reloaded,
    refused,  // the configuration is not valid, or asks for what only a restart can do
    busy,     // the process is starting or draining
  };
  Outcome outcome = Outcome::reloaded;
  WallSeconds at = 0;
  std::vector<std::string> changes;    // of routes, one sentence each
  std::vector<std::string> widenings;  // what lets more through than before
  std::vector<std::string> issues;     // errors and warnings: `FILE:LINE:COLUMN: error: WHAT`
};

struct Listening {
  std::string address;  // as bound
  bool tls = false;
  std::string_view door;  // proxy, redirect or admin
};

// What the process may do, beyond what it must. Set once, when it serves.
struct LeastPrivilege {
  std::string user;
  bool no_new_privileges = false;
  std::uint64_t capabilities = 0;      // bits, as CapEff in /proc/PID/status
  bool system_calls_filtered = false;  // seccomp
  int landlock = 0;                    // its version; 0: files are not restricted
  bool core_dumps = false;             // or memory that other processes of the user may read
  bool keys_locked = false;            // keys and secrets are never written to swap
};

// The process at one moment.
struct Census {
  Counters counters;  // of all workers
  ProcessCounters process;
  std::string_view version;
  std::string config_file;
  TimePoint started;
  std::size_t workers = 0;
  std::vector<Listening> listeners;
  std::optional<ReloadReport> last_reload;
  LeastPrivilege privileges;
};

class Control {
 public:
  virtual ~Control() = default;

  // Every worker has had its turn in between: what was posted to one before has been done.
  virtual net::Operation take_census(net::EventLoop& loop, Callback<void(Census)> done) = 0;
  // As SIGHUP. When it says `reloaded`, every worker serves the new configuration.
  virtual net::Operation reload(net::EventLoop& loop, Callback<void(ReloadReport)> done) = 0;
  // How the last requests that the query takes were decided, the newest first.
  virtual net::Operation find_receipts(net::EventLoop& loop, ReceiptQuery query,
                                       Callback<void(std::vector<Receipt>)> done) = 0;
  // As the first SIGTERM; again is no harm.
  virtual void drain() = 0;
};

}  // namespace gw::exchange
