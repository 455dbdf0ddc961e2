// SPDX-License-Identifier: Apache-2.0
#include "fetch/url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "net/address.h"

namespace gw::fetch {
namespace {

constexpr std::string_view kHttps = "https://", kHttp = "http://";
constexpr std::size_t kMaxBytes = 2048;

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535)
    return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// HOST, HOST:PORT or [IPV6]:PORT.
bool read_authority(std::string_view authority, Url& url) {
  std::string_view host = authority, rest;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return false;
    host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
    if (host.find(':') == std::string_view::npos || !net::Address::parse(host, 0)) return false;
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    host = authority.substr(0, colon);
    rest = authority.substr(colon);
  }
  url.host = lower_case(host);
  if (url.host.empty() || url.host.size() > 253) return false;
  if (!authority.starts_with('[') && !std::all_of(url.host.begin(), url.host.end(), is_host_byte))
    return false;
  url.port = url.tls ? 443 : 80;
  if (rest.empty()) return true;
  const auto port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (port) url.port = *port;
  return port.has_value();
}

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

}  // namespace

bool is_loopback(const Url& url) {
  if (url.host == "localhost" || url.host == "::1") return true;
  return url.host.starts_with("127.") && net::Address::parse(url.host, 0).has_value();
}

Result<Url, std::string> parse_url(std::string_view text, PlainHttp plain) {
  if (text.size() > kMaxBytes || !is_visible(text))
    return std::string("is no URL: it is too long, or has blanks or bytes outside ASCII (encode them)");
  Url url;
  url.text = text;
  url.tls = text.starts_with(kHttps);
  if (!url.tls && !text.starts_with(kHttp)) return quoted(text) + " is no URL (write https://HOST/PATH)";
  const std::string_view rest = text.substr(url.tls ? kHttps.size() : kHttp.size());
  const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  url.path = rest.substr(slash);
  if (url.path.find_first_of("#\\") != std::string::npos)
    return quoted(text) + " has a fragment or a backslash (remove it)";
  if (!url.path.starts_with('/')) url.path.insert(0, 1, '/');
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos)
    return std::string("has a user and password (remove what stands before the @)");
  if (!read_authority(authority, url))
    return quoted(text) + " has no valid host and port (write https://HOST/PATH)";
  if (!url.tls && plain == PlainHttp::on_loopback && !is_loopback(url))
    return quoted(text) + " is plain http, which anybody on the way could change (write https://)";
  return url;
}

}  // namespace gw::fetch
