// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace accounts {

// The form in which user names and e-mail addresses are compared: lower case, letter by letter, also beyond
// ASCII.
std::string fold(std::string_view utf8);

}  // namespace accounts
