// SPDX-License-Identifier: Apache-2.0
// `${NAME}` and `${NAME:-default}` in the text of a configuration; `$$` is a `$`, any other `$` stays.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/document.h"

namespace gw::config {

// The value of a variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

Environment process_environment();

struct NotExpanded {
  std::string why;  // and what to do
};

// An empty value counts as unset when a default is given, as in a shell.
Result<std::string, NotExpanded> expand(std::string_view text, const Environment& environment);

// All values of a document; keys stay as they are. What came from a variable is text, never a number or a
// list.
void expand_values(Document& document, const Environment& environment, const std::string& file,
                   Issues& issues);

}  // namespace gw::config
