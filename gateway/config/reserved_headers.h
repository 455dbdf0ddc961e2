// SPDX-License-Identifier: Apache-2.0
// Header fields that a configuration may not set: those that frame or route a message, and those that the
// gateway itself answers for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gw::config {

// Nothing when `name` may be used; else WHAT (what to do). Also for what is no field name at all.
std::optional<std::string> find_reserved(std::string_view name);

}  // namespace gw::config
