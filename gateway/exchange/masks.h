// SPDX-License-Identifier: Apache-2.0
// What clients put into a URL, without what could be a secret in it: for logs and traces.
#pragma once

#include <string>
#include <string_view>

namespace gw::exchange {

// The query with the values of token- and password-like names replaced by "***".
std::string mask_query(std::string_view query);
// Likewise the parameters of a path's segments: "/a;jsessionid=***/b".
std::string mask_path(std::string_view path);
// A Referer, without user and password and its fragment, path and query masked.
std::string mask_url(std::string_view url);

}  // namespace gw::exchange
