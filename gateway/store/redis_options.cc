// SPDX-License-Identifier: Apache-2.0
#include "store/redis_options.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "net/address.h"

namespace gw::store {
namespace {

constexpr std::string_view kPlain = "redis://", kTls = "rediss://", kUnix = "unix://",
                           kSentinel = "redis+sentinel://", kCluster = "redis+cluster://";
constexpr std::size_t kMaxBytes = 2048;

int value_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || value_of(text[i + 1]) < 0 || value_of(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(value_of(text[i + 1]) * 16 + value_of(text[i + 2]));
    i += 2;
  }
  return out;
}

template <class T>
std::optional<T> parse_number(std::string_view text, T highest) {
  T number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > highest) return std::nullopt;
  return number;
}

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

Result<void, std::string> read_credentials(std::string_view text, RedisAddress& address) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  auto user = decode_percent(text.substr(0, colon));
  auto password = decode_percent(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password) return std::string("has a user or password with a bad escape (encode % as %25)");
  if (password->empty() && colon != text.size())
    return std::string("has an empty password (remove what stands before the @)");
  address.user = std::move(*user);
  address.password = SecretString(std::move(*password));
  return {};
}

Result<HostPort, std::string> read_host(std::string_view text, std::uint16_t usual_port) {
  const std::string problem = "has no valid host and port (write redis://HOST:PORT/DB)";
  std::string_view host = text, rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return problem;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (host.find(':') == std::string_view::npos || !net::Address::parse(host, 0)) return problem;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    host = text.substr(0, colon);
    rest = text.substr(colon);
    if (host.empty() || host.size() > 253 || !std::all_of(host.begin(), host.end(), is_host_byte))
      return problem;
  }
  HostPort read{std::string(host), usual_port};
  if (rest.empty()) return read;
  const auto port = rest.front() == ':' ? parse_number<unsigned>(rest.substr(1), 65535) : std::nullopt;
  if (!port || *port == 0) return problem;
  read.port = static_cast<std::uint16_t>(*port);
  return read;
}

Result<void, std::string> read_db(std::string_view text, RedisAddress& address) {
  const auto db = parse_number<unsigned>(text, 1'000'000);
  if (!db) return std::string("has no valid number of a database");
  address.db = *db;
  return {};
}

// HOST[:PORT],...
Result<void, std::string> read_hosts(std::string_view text, std::uint16_t usual_port,
                                     std::vector<HostPort>& hosts) {
  constexpr std::size_t kMost = 16;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    auto host = read_host(text.substr(0, comma), usual_port);
    if (!host) return std::move(host.error());
    hosts.push_back(std::move(*host));
    if (comma == text.size()) return {};
    if (hosts.size() == kMost) return std::string("has more than 16 hosts (remove some)");
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

bool is_redis_url(std::string_view url) {
  return url.starts_with(kPlain) || url.starts_with(kTls) || url.starts_with(kUnix) ||
         url.starts_with(kSentinel) || url.starts_with(kCluster);
}

Result<RedisAddress, std::string> parse_redis_url(std::string_view url) {
  const bool is_visible =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
  if (!is_visible || url.size() > kMaxBytes)
    return std::string("has blanks, # or bytes outside ASCII, or is too long (encode them)");
  RedisAddress address;
  const bool is_unix = url.starts_with(kUnix), has_sentinels = url.starts_with(kSentinel),
             is_cluster = url.starts_with(kCluster);
  address.tls = url.starts_with(kTls);
  url.remove_prefix(has_sentinels ? kSentinel.size()
                    : is_cluster  ? kCluster.size()
                    : is_unix     ? kUnix.size()
                    : address.tls ? kTls.size()
                                  : kPlain.size());
  // A path may have an @: credentials end at the last one before the first slash.
  const std::size_t first_slash = std::min(url.find('/'), url.size());
  if (const std::size_t at = url.substr(0, first_slash).rfind('@'); at != std::string_view::npos) {
    if (auto read = read_credentials(url.substr(0, at), address); !read) return std::move(read.error());
    url.remove_prefix(at + 1);
  }
  if (is_unix) {
    const std::size_t query = std::min(url.find('?'), url.size());
    address.host = url.substr(0, query);
    if (!address.host.starts_with('/') || !net::Address::unix_path(address.host))
      return std::string("has no path of a socket, or one that is too long (write unix:///PATH)");
    std::string_view rest = url.substr(query);
    if (rest.empty()) return address;
    if (!rest.starts_with("?db=")) return std::string("has something other than db= after the ?");
    if (auto read = read_db(rest.substr(4), address); !read) return std::move(read.error());
    return address;
  }
  const std::size_t slash = std::min(url.find('/'), url.size());
  std::string_view db = url.substr(std::min(slash + 1, url.size()));
  if (has_sentinels) {
    if (auto read = read_hosts(url.substr(0, slash), 26379, address.sentinels); !read)
      return std::move(read.error());
    address.master = db.substr(0, db.find('/'));
    if (address.master.empty()) return std::string("names no master (write redis+sentinel://HOST,HOST/NAME)");
    db = db.size() > address.master.size() ? db.substr(address.master.size() + 1) : std::string_view();
  } else if (is_cluster) {
    if (auto read = read_hosts(url.substr(0, slash), address.port, address.nodes); !read)
      return std::move(read.error());
    if (!db.empty() && db != "0") return std::string("names a database, and a cluster has one (remove it)");
  } else {
    auto host = read_host(url.substr(0, slash), address.port);
    if (!host) return std::move(host.error());
    address.host = std::move(host->host);
    address.port = host->port;
  }
  if (db.empty()) return address;
  if (auto read = read_db(db, address); !read) return std::move(read.error());
  return address;
}

}  // namespace gw::store
