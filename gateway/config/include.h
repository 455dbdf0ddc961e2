// SPDX-License-Identifier: Apache-2.0
// `include:`: other files that add to the lists and maps of this one. Every node keeps its own file, so an
// error names the right one.
#pragma once

#include <deque>

#include "config/document.h"
#include "config/environment.h"
#include "config/node_reader.h"

namespace gw::config {

// The root with what the included files add; `root` itself when there is nothing. Adds the files to the
// context. OWNERSHIP: `documents` and the context own the nodes.
const Node& with_included(Context& context, const Node& root, std::deque<Document>& documents,
                          const Environment& environment);

}  // namespace gw::config
