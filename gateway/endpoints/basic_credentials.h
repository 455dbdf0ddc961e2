// SPDX-License-Identifier: Apache-2.0
// `Authorization: Basic` (RFC 7617): user name and password, in UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace gw::endpoints {

struct BasicCredentials {
  std::string username;
  SecretString password;
};

// The scheme in any case, one space or more, canonical base64; control characters, no user name and no colon
// are refused.
std::optional<BasicCredentials> parse_basic(std::string_view value);

}  // namespace gw::endpoints
