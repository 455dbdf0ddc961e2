// SPDX-License-Identifier: Apache-2.0
// base64url without padding (RFC 4648 section 5), strict: no other alphabet, no white space, no padding,
// no length of 4n+1, and the unused bits of the last character are zero, so that one value has one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gw {

std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);
// Appends to `out`; false (and `out` as it was) when `text` is not canonical.
bool base64url_decode_to(std::string_view text, std::string& out);

}  // namespace gw
