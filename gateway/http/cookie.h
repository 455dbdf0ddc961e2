// SPDX-License-Identifier: Apache-2.0
// The Cookie field of a request (RFC 6265 4.2): finds the cookies of one name and takes some out.
// Names are compared exactly when one is read, and without case when one is taken out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gw::http {

struct CookieMatch {
  std::size_t count = 0;   // more than one is ambiguous: who sent the second?
  std::string_view value;  // of the first, as sent
};

CookieMatch find_cookie(std::string_view field_value, std::string_view name);

// The field's value without the cookies whose names begin with `prefix`. A view of `field_value` when there
// is none of them, else of `scratch`; empty when nothing is left, and then the field should go.
std::string_view without_cookies(std::string_view field_value, std::string_view prefix, std::string& scratch);

}  // namespace gw::http
