// SPDX-License-Identifier: Apache-2.0
// A claim as the text of a header, reversibly. '%', control characters, bytes outside ASCII and leading and
// trailing blanks are percent-encoded; so is ',' inside an element of a list, whose elements are joined with
// ','. Numbers and booleans are their JSON text, objects their JSON text encoded like a string. The text does
// not say which kind the claim had: the string "a,b" reads like the list ["a","b"], and "1" like 1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace gw::policy {

// False, and nothing is appended, for null and for an empty list; an empty string is an empty text.
bool append_claim(std::string& out, const json::Value& claim);
bool append_list(std::string& out, const std::vector<std::string_view>& list, char separator);
// Of a single string.
void append_claim_text(std::string& out, std::string_view text);

}  // namespace gw::policy
