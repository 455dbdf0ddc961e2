// SPDX-License-Identifier: Apache-2.0
// A route in words, key by key, to tell people what changed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/route.h"

namespace gw::policy {

// Which requests it can match: two routes of one table never have the same.
std::string match_text(const Route& route);

// What it does with them, as one would write it: ("auth", "required"), ("require.scopes", "[a, b]") ...
// Always the same keys in the same order; empty where nothing is said.
std::vector<std::pair<std::string_view, std::string>> effect_texts(const Route& route);

}  // namespace gw::policy
