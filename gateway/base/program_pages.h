// SPDX-License-Identifier: Apache-2.0
// The pages of the program and its libraries that are in this process' memory.
#pragma once

namespace gw {

// Gives all of them back that are as in their files; what is still used comes again from the page cache, 64
// KiB at a time. What only the start, a reload or a fetch has used, a third of the memory at rest, stays
// away. THREAD: any; the others take a few hundred minor faults.
void release_program_pages();

}  // namespace gw
