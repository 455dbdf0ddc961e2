// SPDX-License-Identifier: Apache-2.0
// What a kind of server reads differently from the gateway, and what is done about it: a request that it
// could take for another one is refused, a field that it could take for another one is left out. The table
// is in docs/upstreams.md too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gw::upstream {

enum class Profile : std::uint8_t { generic, tomcat, php, wsgi, node, go, iis };

struct ProfileRules {
  bool drops_parameters = false;   // `/a;x/b` is `/a/b` to it; a session id at the end may pass
  bool folds_field_names = false;  // `X_A` and `X.A` are `X-A` to it
  bool folds_case = false;         // `/Admin` is `/admin` to it, and `/admin/` too
  bool trims_segments = false;     // `/admin.` and `/admin%20` are `/admin`; also `::$DATA` and `~1` names
};

const ProfileRules& rules_of(Profile profile);

// Why this server could read the path as another one; null when it could not. Case is judged by routes.
const char* find_path_trouble(const ProfileRules& rules, std::string_view path);

// A field that such a server could take for one of another name.
bool is_ambiguous_field(const ProfileRules& rules, std::string_view name);

// The path, or a route's template, as such a server sees it: one case, no slash at the end.
std::string fold_path(std::string_view path);

}  // namespace gw::upstream
