// SPDX-License-Identifier: Apache-2.0
// The configuration loader, without files: any bytes give a configuration or issues, in bounded time, and
// each issue is one line with a place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gw::config::LoadOptions options;
  options.folder = "/nowhere";
  options.reads_files = false;
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "A") return "value";
    return std::nullopt;
  };
  const gw::config::Loaded loaded =
      gw::config::load_text({reinterpret_cast<const char*>(data), size}, options);
  if (loaded.config.has_value() == loaded.issues.has_errors()) std::abort();
  for (const gw::config::Issue& issue : loaded.issues.list()) {
    if (issue.place.line < 1 || issue.place.column < 1 || issue.text.empty()) std::abort();
    if (gw::config::format_issue(issue).find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
