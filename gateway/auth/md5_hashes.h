// SPDX-License-Identifier: Apache-2.0
// The two MD5 constructions of the web that crypt(3) does not know. Weak and cheap; only to let old accounts
// in once more. THREAD: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gw::auth {

// Apache's variant of MD5-crypt (apr_md5.c): the whole text, "$apr1$salt$digest".
std::string apr1(std::string_view password, std::string_view salt);

// Portable hashes of phpass (openwall.com/phpass): `head` is "$P$B", then salt and digest.
std::string phpass(std::string_view password, std::string_view head, std::string_view salt,
                   std::uint32_t log2);
std::optional<std::uint32_t> phpass_cost(char c);

}  // namespace gw::auth
