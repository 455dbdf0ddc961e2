// SPDX-License-Identifier: Apache-2.0
#include "config/reserved_headers.h"

#include <array>

#include "config/addresses.h"
#include "config/units.h"
#include "http/field.h"

namespace gw::config {
namespace {

constexpr std::array<std::string_view, 10> kFraming{
    "Connection", "Content-Length",    "Expect",  "Host",   "Keep-Alive", "Proxy-Connection",
    "TE",         "Transfer-Encoding", "Trailer", "Upgrade"};
constexpr std::array<std::string_view, 5> kGateway{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port",
                                                   "X-Forwarded-Proto", "X-Request-Id"};

}  // namespace

std::optional<std::string> find_reserved(std::string_view name) {
  if (!is_field_name(name)) return in_quotes(name) + " is not a header name (letters, digits and -)";
  for (const std::string_view reserved : kFraming)
    if (http::folds_equal(name, reserved)) return in_quotes(name) + " belongs to the connection (remove it)";
  for (const std::string_view reserved : kGateway)
    if (http::folds_equal(name, reserved)) return in_quotes(name) + " is set by the gateway (remove it)";
  return std::nullopt;
}

}  // namespace gw::config
