// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ldap_users {

// A value inside a search filter (RFC 4515 section 3): nothing in it can end the filter or match more.
std::string escape_filter(std::string_view value);

// A value inside a distinguished name (RFC 4514 section 2.4).
std::string escape_dn(std::string_view value);

}  // namespace ldap_users
