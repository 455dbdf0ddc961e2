// SPDX-License-Identifier: Apache-2.0
// Addresses, URLs and names as a configuration writes them. Pure functions of text; an error is the sentence
// WHAT (what to do) for the Issues.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/options.h"
#include "upstream/options.h"

namespace gw::config {

struct NotValid {
  std::string why;  // and what to do
};

// `127.0.0.1:8080`, `[::]:8443`, `unix:/run/gatewarden.sock`; port 0 lets the kernel choose.
Result<net::ListenAddress, NotValid> parse_listen_address(std::string_view text);
// `10.0.0.0/8`, `fd00::/8`, or one address.
Result<net::Cidr, NotValid> parse_cidr(std::string_view text);
// `http://HOST[:PORT]` or `https://…`, nothing after it but one slash.
Result<upstream::ServerUrl, NotValid> parse_server_url(std::string_view text);

bool is_host_name(std::string_view text);    // letters, digits, '-', '_' and dots, no label empty or over 63
bool is_field_name(std::string_view text);   // RFC 9110 5.6.2 token
bool is_field_value(std::string_view text);  // visible characters, blanks inside, UTF-8
bool is_claim_path(std::string_view text);   // `email`, `realm_access.roles`
// `/auth`, `/a/b`: in normal form, without query, parameters or a slash at the end.
bool is_path_prefix(std::string_view text);
std::string lower_case(std::string_view text);

}  // namespace gw::config
