// SPDX-License-Identifier: Apache-2.0
// What a User-Agent says, short enough for a list: "Firefox, Windows". A hint for the owner of a session, and
// no more: clients say what they like.
#pragma once

#include <string>
#include <string_view>

namespace gw::endpoints {

// Empty for an empty one; what is not known stays as it is, shortened.
std::string short_client_name(std::string_view user_agent);

}  // namespace gw::endpoints
