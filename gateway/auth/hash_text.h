// SPDX-License-Identifier: Apache-2.0
// How stored password hashes are written: fields, numbers, base64 in its variants. What is not written
// exactly so is nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gw::auth {

// Takes a decimal number without sign or leading zeros off the front of `text`.
std::optional<std::uint32_t> take_number(std::string_view& text);
// All of `text` is such a number.
std::optional<std::uint32_t> parse_number(std::string_view text);
bool take_prefix(std::string_view& text, std::string_view prefix);
std::vector<std::string_view> split(std::string_view text, char separator);

// Base64 (RFC 4648 section 4), with or without its padding; `dot` is passlib's ab64, with `.` for `+`.
std::optional<std::string> decode_base64(std::string_view text, bool dot = false);
std::optional<std::string> decode_hex(std::string_view text);

}  // namespace gw::auth
