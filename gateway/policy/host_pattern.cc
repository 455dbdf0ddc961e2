// SPDX-License-Identifier: Apache-2.0
#include "policy/host_pattern.h"

#include "http/path.h"

namespace gw::policy {
namespace {

// A port in a pattern would never match: hosts are compared without it.
bool has_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return false;
  return host.front() != '[' || host.find(']') < colon;
}

}  // namespace

Result<HostPattern, std::string> parse_host_pattern(std::string_view text) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  if (text == "*") return std::string("a host of * (leave `host` out for any host)");

  const bool is_wildcard = text.substr(0, kWildcardPrefix.size()) == kWildcardPrefix;
  const std::string_view host = is_wildcard ? text.substr(kWildcardPrefix.size()) : text;
  if (host.find('*') != std::string_view::npos)
    return "a * inside the host " + quoted + " (only *.SUFFIX is a pattern)";
  if (host.empty()) return "the host " + quoted + " is empty";
  if (has_port(host))
    return "a port in the host " + quoted + " (hosts are compared without port: leave it out)";

  std::string scratch;
  const std::string_view normal = http::normalise_host(host, scratch);
  if (normal.empty()) return quoted + " is not a host name";
  return HostPattern{(is_wildcard ? std::string(kWildcardPrefix) : std::string()) + std::string(normal)};
}

}  // namespace gw::policy
