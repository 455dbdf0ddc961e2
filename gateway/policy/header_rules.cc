// SPDX-License-Identifier: Apache-2.0
#include "policy/header_rules.h"

#include <algorithm>

#include "http/field.h"

namespace gw::policy {
namespace {

// Framing, hop-by-hop (RFC 9110 7.6.1) and the authority.
constexpr std::string_view kOfTheConnection[] = {
    "connection",       "content-length",     "expect",  "host",    "http2-settings",
    "keep-alive",       "proxy-authenticate", "te",      "trailer", "proxy-authorization",
    "proxy-connection", "transfer-encoding",  "upgrade",
};

constexpr std::string_view kSetByTheGateway[] = {
    "x-forwarded-for",   "x-forwarded-host", "x-forwarded-port",
    "x-forwarded-proto", "x-request-id",     "traceparent",
};

// Client-sent fields of an identity header's name are removed, which these do not survive.
constexpr std::string_view kOfTheClient[] = {
    "authorization", "content-encoding", "content-range", "content-type",
    "cookie",        "forwarded",        "set-cookie",    "via",
};

template <std::size_t N>
bool has(const std::string_view (&names)[N], std::string_view name) {
  return std::any_of(std::begin(names), std::end(names),
                     [&](std::string_view reserved) { return http::folds_equal(reserved, name); });
}

}  // namespace

Result<void, std::string> validate_header_name(std::string_view name, HeaderUse use) {
  const std::string quoted = "\"" + std::string(name) + "\"";
  const bool is_token = !name.empty() && std::all_of(name.begin(), name.end(),
                                                     [](char c) { return http::fold_name_byte(c) != 0; });
  if (!is_token) return quoted + " is not a header name";
  if (has(kOfTheConnection, name)) return quoted + " belongs to the connection, and only the gateway sets it";
  if (use != HeaderUse::response && has(kSetByTheGateway, name))
    return quoted + " is set by the gateway itself";
  if (use == HeaderUse::identity && has(kOfTheClient, name))
    return quoted + " has another meaning, and cannot carry an identity";
  return {};
}

Result<void, std::string> validate_header_value(std::string_view value) {
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  };
  if (std::any_of(value.begin(), value.end(), is_control))
    return std::string("a control character in a header value");
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back())))
    return std::string("blanks around a header value");
  return {};
}

}  // namespace gw::policy
