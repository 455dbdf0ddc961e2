// SPDX-License-Identifier: Apache-2.0
// What the process asks of the system before it serves.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "exchange/control.h"

namespace gw::server {

// Descriptors up to the hard limit, no core dumps (they would hold keys and passwords), memory that other
// processes of the same user cannot read, no new privileges, SIGPIPE ignored.
void prepare_process();

// CPUs that the cgroup and the affinity mask leave us; at least 1.
unsigned count_cpus();
// How many clients the limit of open files allows: each may need a connection to a server as well.
std::size_t count_clients_for_files();

// 0700; made when missing. The error names the folder.
Result<void, std::string> make_state_dir(const std::string& path, const std::string& owner);

// To `user` and its groups, for good, if we are root; whoever is not root gives up all capabilities. The
// error is a sentence.
Result<void, std::string> drop_privileges(const std::string& user);

// As the kernel sees this process now; what only we know (Landlock, memory of keys) is left to the caller.
exchange::LeastPrivilege least_privilege();

}  // namespace gw::server
