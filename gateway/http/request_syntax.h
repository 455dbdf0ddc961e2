// SPDX-License-Identifier: Apache-2.0
// What a request may look like in any version of HTTP: its method, target and authority. Internal to this
// folder.
#pragma once

#include <cstddef>
#include <string_view>

namespace gw::http {

inline constexpr std::size_t kMaxMethodBytes = 32;

// Methods are case-sensitive; no method that anybody uses has a lower-case letter, and a server that
// ignores case would read "get" as GET.
bool is_method_byte(char c);

// Visible ASCII without '#' (a fragment is never sent; servers differ in where they cut it off).
bool is_target_text(std::string_view text);

bool is_host(std::string_view authority);

// The hosts are equal without case and trailing dot, and so are the ports, of which `default_port` need not
// be spelt out.
bool same_authority(std::string_view a, std::string_view b, std::string_view default_port);

}  // namespace gw::http
