// SPDX-License-Identifier: Apache-2.0
// What the process may still ask of the kernel once it serves: sockets, files, threads and time. Not:
// programs, processes, mounts, namespaces, tracing, keyrings, kernel modules, new listeners, writable code.
// What is not on the list fails with EPERM, so that a library that only tries goes on. THREAD: the main
// thread, before there are others; those that are there already are filtered, too.
#pragma once

#include <string>

#include "base/result.h"

namespace gw::sandbox {

// False in builds with a sanitizer, whose runtime traces and starts processes.
bool filters_in_this_build();

// For good. REQUIRES: no_new_privs, or root. The error is a sentence.
Result<void, std::string> filter_system_calls();

}  // namespace gw::sandbox
