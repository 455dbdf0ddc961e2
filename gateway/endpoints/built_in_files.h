// SPDX-License-Identifier: Apache-2.0
// Files of conf/ that are in the binary.
#pragma once

#include <string_view>
#include <vector>

namespace gw::endpoints {

struct BuiltInFile {
  std::string_view name;
  std::string_view text;
};

const std::vector<BuiltInFile>& page_files();       // conf/pages and conf/locales
const std::vector<BuiltInFile>& dashboard_files();  // conf/dashboard

}  // namespace gw::endpoints
