// SPDX-License-Identifier: Apache-2.0
// Keys and values of the outward contract that this version does not serve. They are refused: a gateway that
// silently ignored `client_auth: required` would be open. One table (the .cc); what gets served leaves it.
#pragma once

#include <string_view>

#include "config/document.h"

namespace gw::config {

// `section` is a Section's path. True for a key of which no value is served.
bool is_key_not_available(std::string_view section, std::string_view key);
// True for a value that is not served although the key is.
bool is_value_not_available(std::string_view section, std::string_view key, const Node& value);

}  // namespace gw::config
