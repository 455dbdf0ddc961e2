// SPDX-License-Identifier: Apache-2.0
#include "cli/migrate.h"

#include "cli/store_access.h"
#include "server/process.h"

namespace gw::cli {

int run_store_migrate(const config::Config& from, const config::Config& to, std::ostream& out,
                      std::ostream& err) {
  if (auto made = server::make_state_dir(to.server.state_dir, to.server.user); !made) {
    err << "error: " << made.error() << '\n';
    return 1;
  }
  const auto moved = move_store(opener_of(from), opener_of(to));
  if (!moved) {
    err << "error: " << moved.error().detail << '\n';
    return 1;
  }
  out << "moved " << moved->sessions << " sessions, " << moved->revocations << " revocations and "
      << moved->records << " records\n";
  return 0;
}

}  // namespace gw::cli
