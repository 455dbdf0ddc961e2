// SPDX-License-Identifier: Apache-2.0
// The files and folders that the process may still open, by Landlock. No program can be executed, no port
// opened, and where the kernel can tell, no signal sent outside. THREAD: the main thread, before there are
// others: those that it starts inherit it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gw::sandbox {

// Absolute paths; of a folder everything below. What does not exist is left out.
struct FileRules {
  std::vector<std::string> readable;
  std::vector<std::string> writable;  // and readable; files in folders may be made, renamed and removed

  // The folder of a file, and what else must be readable for another file to be put in its place: the folder
  // that it really lies in, and that of a link on the way which is swapped, as in a Kubernetes ConfigMap.
  void add_folder_of(const std::string& file);
  // What is there, and these rules do not reach.
  std::vector<std::string> out_of_reach(const FileRules& wanted) const;
};

// For good. Returns the version of Landlock in force; 0: this kernel has none, and nothing is restricted.
Result<int, std::string> restrict_files(const FileRules& rules);

}  // namespace gw::sandbox
