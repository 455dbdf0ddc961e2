// SPDX-License-Identifier: Apache-2.0
// Parameters of a query ("a=1&b=2"), compared as a form would decode them: %XX and '+'.
#pragma once

#include <string>
#include <string_view>

namespace gw::policy {

// True when exactly one parameter has the name and its value is equal.
bool query_says(std::string_view query, std::string_view name, std::string_view value);

// A name or value as it stands in a query.
std::string encode_query(std::string_view text);

}  // namespace gw::policy
