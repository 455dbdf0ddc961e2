// SPDX-License-Identifier: Apache-2.0
#include "config/addresses.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "config/units.h"
#include "http/field.h"
#include "http/path.h"

namespace gw::config {
namespace {

struct HostAndPort {
  std::string host;  // without brackets
  bool bracketed = false;
  std::optional<std::uint16_t> port;
};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = text.size() <= 5 ? parse_unsigned(text) : std::nullopt;
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

// `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT`; nothing when it is none of them.
std::optional<HostAndPort> split_host_and_port(std::string_view text) {
  HostAndPort out;
  std::string_view rest = text;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    out.bracketed = true;
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (rest.empty()) return out;
  if (rest[0] != ':') return std::nullopt;
  out.port = parse_port(rest.substr(1));
  if (!out.port) return std::nullopt;
  return out;
}

bool is_ipv4(std::string_view text) {
  in_addr address;
  return ::inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) {
  in6_addr address;
  return ::inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

// "1.2.3.999" is no name: a resolver might read it as an address of its own liking.
bool looks_like_ipv4(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<net::ListenAddress, NotValid> parse_unix_address(std::string_view text) {
  const std::string_view path = text.substr(std::strlen("unix:"));
  if (!path.starts_with('/')) return NotValid{in_quotes(text) + " needs an absolute path (write unix:/PATH)"};
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return NotValid{in_quotes(text) + " is too long for a socket (at most 107 bytes)"};
  net::ListenAddress address;
  address.unix_path = path;
  address.text = text;
  return address;
}

// Clears the bits behind the prefix; true when there were any.
bool mask(net::Cidr& network) {
  bool changed = false;
  for (unsigned bit = network.bits; bit < 128; ++bit) {
    const auto flag = static_cast<std::uint8_t>(0x80u >> (bit % 8));
    changed = changed || (network.address[bit / 8] & flag) != 0;
    network.address[bit / 8] = static_cast<std::uint8_t>(network.address[bit / 8] & ~flag);
  }
  return changed;
}

}  // namespace

Result<net::ListenAddress, NotValid> parse_listen_address(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix_address(text);
  const auto parts = split_host_and_port(text);
  if (!parts || !parts->port)
    return NotValid{in_quotes(text) +
                    " is not an address to listen on (write HOST:PORT, [::]:PORT or unix:/PATH)"};
  const bool is_address = parts->bracketed ? is_ipv6(parts->host) : is_ipv4(parts->host);
  if (!is_address)
    return NotValid{in_quotes(text) +
                    " needs an IP address before the port (0.0.0.0 is every IPv4 address, [::] every one)"};
  net::ListenAddress address;
  address.host = parts->host;
  address.port = *parts->port;
  address.text = text;
  return address;
}

Result<net::Cidr, NotValid> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  net::Cidr network;
  in_addr v4;
  const bool is_v4 = ::inet_pton(AF_INET, host.c_str(), &v4) == 1;
  if (is_v4) {
    network.address[10] = network.address[11] = 0xFF;  // ::ffff:a.b.c.d
    std::memcpy(network.address + 12, &v4, sizeof(v4));
  } else if (::inet_pton(AF_INET6, host.c_str(), network.address) != 1) {
    return NotValid{in_quotes(text) + " is not a network (write 10.0.0.0/8, fd00::/8 or one address)"};
  }
  if (slash == std::string_view::npos) return network;
  const auto bits = parse_unsigned(text.substr(slash + 1));
  const unsigned most = is_v4 ? 32 : 128;
  if (!bits || *bits > most)
    return NotValid{in_quotes(text) + " has no valid prefix length (0 to " + std::to_string(most) + ")"};
  network.bits = static_cast<unsigned>(*bits) + (is_v4 ? 96 : 0);
  if (mask(network))
    return NotValid{in_quotes(text) +
                    " has bits set behind its prefix (write the first address of the network)"};
  return network;
}

Result<upstream::ServerUrl, NotValid> parse_server_url(std::string_view text) {
  upstream::ServerUrl url;
  url.text = text;
  std::string_view rest = text;
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    url.host = text.substr(kUnix.size());
    if (url.host.starts_with('/') && url.host.size() < sizeof(sockaddr_un::sun_path)) return url;
    return NotValid{in_quotes(text) + " is not the path of a socket (write unix:/run/app.sock)"};
  }
  if (text.starts_with("https://")) {
    url.tls = true;
    rest.remove_prefix(std::strlen("https://"));
  } else if (text.starts_with("http://")) {
    rest.remove_prefix(std::strlen("http://"));
  } else {
    return NotValid{in_quotes(text) +
                    " is not the URL of a server (write http://HOST:PORT or https://HOST:PORT)"};
  }
  if (rest.find('@') != std::string_view::npos)
    return NotValid{"a server's URL has no user and password (remove what stands before the @)"};
  if (rest.ends_with('/') && rest.find('/') == rest.size() - 1) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos)
    return NotValid{in_quotes(text) +
                    " has a path or query (remove it; a route's rewrite.add_prefix adds a path)"};
  const auto parts = split_host_and_port(rest);
  const bool is_valid = parts && (parts->bracketed ? is_ipv6(parts->host) : is_host_name(parts->host)) &&
                        parts->port.value_or(1) != 0;
  if (!is_valid) return NotValid{in_quotes(text) + " has no valid host and port (write http://HOST:PORT)"};
  url.host = parts->host;
  url.port = parts->port.value_or(url.tls ? 443 : 80);
  return url;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  if (looks_like_ipv4(text)) return is_ipv4(text);
  for (std::size_t begin = 0;;) {
    const std::size_t dot = text.find('.', begin);
    if (!is_label(text.substr(begin, dot == std::string_view::npos ? dot : dot - begin))) return false;
    if (dot == std::string_view::npos) return true;
    begin = dot + 1;
  }
}

bool is_field_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return http::fold_name_byte(c) != 0; });
}

bool is_field_value(std::string_view text) {
  if (text.starts_with(' ') || text.starts_with('\t') || text.ends_with(' ') || text.ends_with('\t'))
    return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

bool is_claim_path(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
}

bool is_path_prefix(std::string_view text) {
  if (!text.starts_with('/') || text.ends_with('/')) return false;
  std::string scratch;
  const auto target = http::normalise_target(text, scratch);
  return target && target->path == text && !target->has_query && !target->has_parameters;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

}  // namespace gw::config
