// SPDX-License-Identifier: Apache-2.0
// A credential plugin's shared library: gatewarden_NAME.so of the plugin folder, loaded once and never
// unloaded, so that its functions and whatever threads it has made stay valid to the end of the process.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "gatewarden/plugin.h"

namespace gw::plugin {

// The function table of plugin `name`, checked: its version is one that this gateway lists, the table is as
// long as that version says, and no function that must be there is missing. A copy: what a shorter table of
// the same version lacks is null. What it points to lives as long as the process. The error is a sentence for
// the person who wrote the configuration. THREAD: any.
Result<gatewarden_plugin, std::string> load_library(const std::string& folder, std::string_view name);

// The same for a file by its path, whatever its name.
Result<gatewarden_plugin, std::string> load_library_file(const std::string& path);

}  // namespace gw::plugin
